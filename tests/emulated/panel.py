"""A driver for the panel as a test's firmware has it: the plainest one that draws."""

from pico_emulated.layout import BOARD

_D = BOARD["display"]
DRIVER = f"""
from machine import Pin, SPI
spi = SPI({_D["spi"]}, baudrate=24000000, sck=Pin({_D["sck"]}), mosi=Pin({_D["mosi"]}))
cs = Pin({_D["cs"]}, Pin.OUT, value=1)
dc, reset, light = (Pin(n, Pin.OUT, value=1) for n in ({_D["dc"]}, {_D["reset"]}, {_D["backlight"]}))
def send(command, data=b''):
    cs(0); dc(0); spi.write(bytes([command])); dc(1); spi.write(data); cs(1)
def box(x, y, width, height, pixel):
    send(0x2a, bytes([x >> 8, x & 255, (x + width - 1) >> 8, (x + width - 1) & 255]))
    send(0x2b, bytes([y >> 8, y & 255, (y + height - 1) >> 8, (y + height - 1) & 255]))
    send(0x2c, pixel * (width * height))
send(0x01); send(0x11); send(0x3a, b'\\x55'); send(0x21); send(0x29)
"""
RED, GREEN, BLUE = (248, 0, 0), (0, 252, 0), (0, 0, 248)
PIXEL = {RED: r"b'\xf8\x00'", GREEN: r"b'\x07\xe0'", BLUE: r"b'\x00\x1f'"}
