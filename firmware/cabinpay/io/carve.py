import io

from cabinpay.agent import records


def holds_records(device, size=4096):
    """Does raw flash hold a whole record of a journal, be there a file system or not? Read only. device: block device,
    in blocks of `size` bytes. The magic alone proves nothing: the agent's own code has it."""
    block = bytearray(size)
    for number in range(device.ioctl(4, 0)):
        device.readblocks(number, block)
        at = block.find(records.RECORD_MAGIC)
        while at >= 0:
            if _whole(memoryview(block)[at:]):
                return True
            at = block.find(records.RECORD_MAGIC, at + 1)
    return False


def _whole(data):
    try:
        return records.read(io.BytesIO(data)) is not None
    except ValueError:
        return False
