from cabinpay.agent.days import day_number

_ADDRESS = 0x68
_STATUS = 15
_STOPPED = 0x80


def read(i2c):
    """Unix seconds, or None where there is no DS3231, or one that has stood still since it was set."""
    try:
        if i2c.readfrom_mem(_ADDRESS, _STATUS, 1)[0] & _STOPPED:
            return None
        s, m, h, _, day, month, year = [(c >> 4) * 10 + (c & 15) for c in i2c.readfrom_mem(_ADDRESS, 0, 7)]
    except OSError:
        return None
    # bit 7 of the month is the century; hours are 24, as it is set
    return ((day_number(2000 + year, month % 80, day) * 24 + h) * 60 + m) * 60 + s
