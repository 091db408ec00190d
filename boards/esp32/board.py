"""An ESP32 or ESP32-C3 with what README.md has on its pins; pins and figures are board_data.WIRING, from board.toml."""

import sys

import machine
from board_data import WIRING
from machine import PWM, UART, Pin, Timer

from cabinpay.io.buzzer import Buzzer
from cabinpay.io.carve import highest
from cabinpay.io.clock import Ticks
from cabinpay.io.gm65 import Scanner
from cabinpay.io.keypad import Keypad
from cabinpay.io.usb import UsbLink
from esp32 import Partition

MAX_PASSES = WIRING["max_passes"]
SPI_HZ = 40000000
WATCHDOG_MS = 8388
# in memory that outlives a reset; the cause of the reset is asked too
_OPEN = b"cabinpay open"


def _i2c(d):
    return machine.I2C(d["id"], sda=Pin(d["sda"]), scl=Pin(d["scl"]))


def _panel(d, bus):
    if d is None:
        from ssd1306 import SSD1306_I2C

        from cabinpay.io.oled import Oled

        return Oled(SSD1306_I2C(128, 64, bus))
    from cabinpay.io.st7789 import Panel

    # the pin that is MISO by default has another use
    spi = machine.SPI(d["spi"], baudrate=SPI_HZ, sck=Pin(d["sck"]), mosi=Pin(d["mosi"]), miso=None)
    cs, dc, reset = (Pin(d[name], Pin.OUT, value=1) for name in ("cs", "dc", "reset"))
    return Panel(spi, cs, dc, reset, Pin(d["backlight"], Pin.OUT, value=0), d["width"], d["height"])


def _scanner(s):
    uart = UART(s["uart"], s["bauds"][0], tx=Pin(s["tx"]), rx=Pin(s["rx"]), rxbuf=1024)
    return Scanner(uart, s["bauds"])


def _keypad(k):
    rows = [Pin(n, Pin.OUT, value=0) for n in k["rows"]]
    return Keypad(rows, [Pin(n, Pin.IN, Pin.PULL_UP) for n in k["columns"]], k["keys"], Timer(0))


bus = _i2c(WIRING["i2c"]) if "i2c" in WIRING else None
panel = _panel(WIRING.get("display"), bus)
buzzer = Buzzer(PWM(Pin(WIRING["buzzer"]["pin"]), freq=1000, duty_u16=0), Timer(1))
scanner = _scanner(WIRING["scanner"])
keypad = _keypad(WIRING["keypad"])
link = UsbLink()
wlan = None
if "wifi" in WIRING:
    from cabinpay.io.wlan import Wlan

    wlan = Wlan()
clock = bus if "rtc" in WIRING else None
# 3 KB that nobody asks for again
del WIRING, _i2c, _panel, _scanner, _keypad, sys.modules["board_data"]
ticks = Ticks()


def mount():
    """Where the firmware has mounted its file system."""
    return ""


def carved():
    return highest(Partition.find(Partition.TYPE_DATA, label="vfs")[0])


def rtc():
    """Unix seconds of a clock that survives power, or None."""
    if clock is None:
        return None
    from cabinpay.io import ds3231

    return ds3231.read(clock)


def began_by_reset():
    return machine.reset_cause() in (machine.WDT_RESET, machine.HARD_RESET)


def prompt_is_open():
    """Was the prompt opened since the last hard reset? A soft reset runs main.py again and must not close it."""
    return machine.reset_cause() == machine.SOFT_RESET and machine.RTC().memory() == _OPEN


def open_prompt():
    machine.RTC().memory(_OPEN)


def watchdog():
    """Armed from here on; feed() it. It cannot be stopped."""
    return machine.WDT(timeout=WATCHDOG_MS)


def reset():
    machine.reset()
