from cabinpay.io import ds3231


class Bus:
    """A DS3231's registers, or none of them."""

    def __init__(self, registers=None):
        self.registers = registers

    def readfrom_mem(self, address, at, size):
        if self.registers is None or address != 0x68:
            raise OSError(5)
        return self.registers[at : at + size]


def clock(*fields, status=0):
    return Bus(bytes(fields) + bytes(8) + bytes([status]))


def test_reads_unix_seconds():
    assert ds3231.read(clock(0, 0, 0, 6, 1, 1, 0)) == 946684800
    assert ds3231.read(clock(0x56, 0x34, 0x12, 3, 0x29, 0x02, 0x28)) == 1835440496
    # the century's bit in the month's byte says nothing about the month
    assert ds3231.read(clock(0x59, 0x59, 0x23, 5, 0x31, 0x92, 0x99)) == 4102444799


def test_a_clock_that_stood_still_is_none():
    assert ds3231.read(clock(0, 0, 0, 6, 1, 1, 0x26, status=0x80)) is None
    assert ds3231.read(clock(0, 0, 0, 6, 1, 1, 0x26, status=0x08)) is not None


def test_no_clock_is_none():
    assert ds3231.read(Bus()) is None
