"""Cabinpay's wire: bytes <-> objects, without I/O, clock or machine.

What decodes CBOR and what checks signatures is handed in, so that a terminal (own codec, own Ed25519)
and a host (cbor2, libsodium) are independent witnesses of one contract. A codec is anything with
`encode(value) -> bytes` and `decode(data) -> value` that raises WireError("cbor", ...).
"""
