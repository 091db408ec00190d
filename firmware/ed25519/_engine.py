"""The fastest engine that this interpreter can run: what it cannot compile, load or find, it does without."""

import sys

# CPython knows neither (NameError), a port without them no such decorator (SyntaxError), another's .mpy is refused
_CANNOT = (ImportError, NameError, SyntaxError, ValueError)
# What native code may be: ARMv7E-M with a floating point unit, single or double. Such cores have UMAAL; another Thumb
# core would compile that engine all the same, and stop at its first product.
_UMAAL = (7, 8)

MYPY = False
if MYPY:
    from ._plain import comb, compress, get, muladd, naf, new, odd, put, reduce, run, swap, weave

    NAME = ""
else:
    try:
        from ._scalar import comb, muladd, naf, odd, reduce, swap, weave

        try:
            from ._sha_thumb import compress

            try:
                if sys.implementation._mpy >> 10 & 15 not in _UMAAL:
                    raise ImportError
                from ._umaal import get, new, put, run

                NAME = "umaal"
            except _CANNOT:
                from ._thumb import get, new, put, run

                NAME = "thumb"
        except _CANNOT:
            from ._sha_viper import compress
            from ._viper import get, new, put, run

            NAME = "viper"
    except _CANNOT:
        from ._plain import comb, compress, get, muladd, naf, new, odd, put, reduce, run, swap, weave

        NAME = "plain"

__all__ = ["NAME", "comb", "compress", "get", "muladd", "naf", "new", "odd", "put", "reduce", "run", "swap", "weave"]
