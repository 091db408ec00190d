"""One way to write down what a codec answered, on CPython and MicroPython; on MicroPython, checks a file of them."""

import sys


def shown(value):
    """Value and types of what a codec decoded: True is not 1, text is not bytes."""
    if value is None or value is True or value is False:
        return str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return "h" + value.hex()
    if isinstance(value, str):
        return "t" + value.encode().hex()
    if isinstance(value, list):
        return "[" + ",".join([shown(item) for item in value]) + "]"
    pairs = sorted([shown(key) + ":" + shown(value[key]) for key in value])
    return "{" + ",".join(pairs) + "}"


def answer(codec, refusal, data):
    """What `codec` makes of `data`: the value, or the code of `refusal`, its exception. Any other is the caller's."""
    try:
        value = codec.decode(data)
    except refusal as e:
        return "refused: " + e.code
    assert codec.encode(value) == data, "not encoded to the same bytes"
    return shown(value)


def check(path):
    """Prints where the codec answers otherwise than the file's lines of `hex;answer`, and how many lines there were."""
    from cabinpay.wire import cbor
    from cabinpay.wire.errors import WireError

    lines = 0
    with open(path) as f:
        for line in f:
            data, expected = line.strip().split(";")
            lines += 1
            got = answer(cbor, WireError, bytes.fromhex(data))
            if got != expected:
                print("differs", data, expected, got)
    print("checked", lines)


if __name__ == "__main__":
    check(sys.argv[1])
