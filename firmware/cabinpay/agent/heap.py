"""Where what stays in memory lies. An interpreter that never moves it puts what is allocated after a collection at the
low end of the heap; amid waste it would divide what is free. Any other has no such end, and nothing is to be done."""

import gc

_HAS_ENDS = hasattr(gc, "mem_free")
make_room = gc.collect if _HAS_ENDS else int


def seldom():
    """From now on waste is collected only where there is no room; gives what `often` takes to have it as before. For
    much waste that ends with one piece of work: a thousand records, or rounds of a hash, take longer than a watchdog
    waits where it is collected as often as else. (No function around the work: that is on the C stack, too.)"""
    before = gc.threshold() if _HAS_ENDS else 0
    often(-1)
    return before


def often(threshold):
    if _HAS_ENDS:
        gc.threshold(threshold)


def at_high_end(load):
    """What `load()` returns; what it keeps in memory lies high. For what goes again: what comes in the meantime and
    stays shall not lie above it, for then the place that it leaves would be cut off."""
    low = bytearray(_largest() // 2) if _HAS_ENDS else None
    try:
        return load()
    except MemoryError:
        low = None
        make_room()
        return load()
    finally:
        del low


def _largest():
    """About how many bytes the heap's largest free block has."""
    make_room()
    size = gc.mem_free()
    gc.disable()
    while size and not _fits(size):
        size -= size // 8 + 1
    gc.enable()
    make_room()
    return size


def _fits(size):
    try:
        return bool(bytearray(size))
    except MemoryError:
        return False
