class WireError(ValueError):
    """Bytes that are not what the contract says.

    code: stable, one of CODES; detail: one line for engineers, never secret and never needed to decide.
    """

    CODES = ("length", "prefix", "base45", "cbor", "cose", "schema", "signature")

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code + ": " + detail if detail else code)
        self.code = code
        self.detail = detail
