import framebuf

from cabinpay.io import notice
from cabinpay.io.oled import Oled


class Driver(framebuf.FrameBuffer):
    """Keeps its pixels as micropython-lib's SSD1306 does, which is not here: 8 rows a byte."""

    def __init__(self):
        self.width, self.height, self.shown = 128, 64, 0
        super().__init__(bytearray(1024), 128, 64, framebuf.MONO_VLSB)

    def show(self):
        self.shown += 1


def test_what_is_drawn_is_what_is_shown():
    driver = Driver()
    panel = Oled(driver)
    frame = framebuf.FrameBuffer(panel.buffer, panel.width, panel.band, framebuf.MONO_HLSB)
    for x, y in ((0, 0), (127, 0), (3, 9), (0, 63), (127, 63)):
        frame.pixel(x, y, 1)
    panel.draw(0)
    assert driver.shown == 0
    panel.show("sale", [], "")
    assert driver.shown == 1
    lit = [(x, y) for y in range(64) for x in range(128) if driver.pixel(x, y)]
    assert lit == [(0, 0), (127, 0), (3, 9), (0, 63), (127, 63)]


def test_a_notice_fits_it():
    driver = Driver()
    notice.show(Oled(driver), ("RESCUE", "x"))
    assert driver.shown == 1 and any(driver.pixel(x, 8) for x in range(128))
