"""The scanner on its UART: whatever a code holds and wherever its end is lost, it is told to read again."""

import time

from cabinpay.io import gm65

REPLY = b"\x02\x00\x00\x01\x00\x33\x31"
TRIGGER = b"\x7e\x00\x08\x01\x00\x02\x01\xab\xcd"


class Module:
    """Answers every command, as a GM65 does; `come` is on the line, `told` counts its triggers."""

    def __init__(self):
        self.come = b""
        self.told = 0

    def init(self, baudrate):
        pass

    def any(self):
        return len(self.come)

    def read(self, n):
        read, self.come = self.come[:n], self.come[n:]
        return read

    def readinto(self, buffer, n):
        read = self.read(n)
        buffer[: len(read)] = read
        return len(read)

    def write(self, data):
        self.told += data == TRIGGER
        self.come += REPLY


def ready():
    module = Module()
    scanner = gm65.Scanner(module, (9600,))
    assert scanner.found == 9600 and module.told == 0
    return module, scanner


def read(scanner, times=4):
    """What comes in so many turns."""
    buffer, out = bytearray(64), b""
    for _ in range(times):
        n = scanner.read_some(buffer)
        out += buffer[:n]
    return out


def test_one_code_for_each_trigger():
    module, scanner = ready()
    for n in range(1, 4):
        assert read(scanner) == b"" and module.told == n
        module.come += b"CP1:AB\r"
        assert scanner.read_some(bytearray(64)) == 7 and module.told == n


def test_no_code_silences_it():
    for code in (b"CP1:AB\x02CD\r", b"\x02\r", b"\x02\x02\r", b"\x02ABCDEFG\x02\r", b"AB" + REPLY + b"CD\r"):
        module, scanner = ready()
        read(scanner)
        module.come += code
        assert read(scanner)[-1:] == b"\r" and module.told == 2, code
        module.come += b"CP1:GOOD\r"
        assert read(scanner) == b"CP1:GOOD\r", code


def test_a_lost_end_is_made_up_for():
    kept, gm65.SILENT_MS = gm65.SILENT_MS, 20
    try:
        for cut in (b"", b"CP1:AB", b"\x02AB"):
            module, scanner = ready()
            read(scanner)
            module.come += cut
            got = read(scanner)
            assert b"\r" not in got and module.told == 1
            time.sleep_ms(30)
            assert read(scanner) == b"\r" and module.told == 2
            module.come += b"CP1:GOOD\r"
            assert read(scanner) == b"CP1:GOOD\r"
    finally:
        gm65.SILENT_MS = kept
