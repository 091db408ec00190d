"""Small files replaced whole: old or new after a power cut, never a mixture, and never silently wrong."""

import binascii

MAGIC = b"CPF1"


def write_whole(files, name, body):
    """Makes `body` durable under `name` by one rename."""
    with files.open(name + ".new", "wb") as f:
        f.write(sealed(body))
    files.rename(name + ".new", name)


def sealed(body):
    """What stands in the file of this body."""
    return MAGIC + binascii.crc32(body).to_bytes(4, "big") + body


def read_whole(files, name):
    """The body written last, or None where there is none; ValueError where it is damaged."""
    if not files.exists(name):
        return None
    with files.open(name, "rb") as f:
        data = f.read()
    body = data[8:]
    if data[:4] != MAGIC or binascii.crc32(body).to_bytes(4, "big") != data[4:8]:
        raise ValueError(name + " is damaged")
    return body
