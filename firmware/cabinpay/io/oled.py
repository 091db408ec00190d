import framebuf


class Oled:
    """Micropython-lib's SSD1306 as a panel: that keeps its pixels by columns, the screen draws them by rows."""

    def __init__(self, driver):
        self.width = driver.width
        self.height = driver.height
        self.buffer = bytearray(self.width * self.height // 8)
        self._rows = framebuf.FrameBuffer(self.buffer, self.width, self.height, framebuf.MONO_HLSB)
        self._driver = driver

    def show(self, _name, _lines, _code):
        self._driver.blit(self._rows, 0, 0)
        self._driver.show()
