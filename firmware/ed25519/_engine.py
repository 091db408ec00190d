"""The fastest engine that this interpreter can run: what it cannot compile, load or find, it does without."""

# CPython knows neither (NameError), a port without them no such decorator (SyntaxError), another's .mpy is refused
_CANNOT = (ImportError, NameError, SyntaxError, ValueError)

MYPY = False
if MYPY:
    from ._plain import comb, compress, get, muladd, naf, new, odd, put, reduce, run, swap, weave

    NAME = ""
else:
    try:
        from ._scalar import comb, muladd, naf, odd, reduce, swap, weave

        try:
            from ._sha_thumb import compress
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
