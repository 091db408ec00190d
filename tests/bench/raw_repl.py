"""Runs on MicroPython (unix), its terminal a pty: the raw prompt that stock boards have and this port has not, as far
as mpremote needs it to copy files."""

import sys

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
scope = {}
code = bytearray()
byte = bytearray(1)


def say(data):
    sys.stdout.buffer.write(data)


def run():
    say(b"OK")
    error = b""
    try:
        exec(bytes(code), scope)
    except Exception as e:  # noqa: BLE001 -- the prompt's to tell
        error = repr(e).encode()
    say(b"\x04" + error + b"\x04>")


while sys.stdin.buffer.readinto(byte):
    c = byte[0]
    if c == 1:
        code = bytearray()
        say(BANNER)
    elif c == 4:
        run()
        code = bytearray()
    elif c == 5:
        sys.stdin.buffer.read(2)
        say(b"R\x00")  # no raw paste mode
    elif c not in (2, 3):
        code.append(c)
