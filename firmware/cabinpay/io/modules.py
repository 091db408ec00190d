import gc
import sys


def forget(names):
    """Gives back the memory of these modules, which are read again when they are asked for."""
    for name in names:
        package, module = name.rsplit(".", 1)
        if sys.modules.pop(name, None):
            delattr(sys.modules[package], module)
    gc.collect()
