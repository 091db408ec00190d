import framebuf


class Oled:
    """Micropython-lib's SSD1306 as a panel, in one band: that keeps its pixels by columns, the screen draws by rows."""

    def __init__(self, driver):
        self.width = driver.width
        self.height = driver.height
        self.band = driver.height
        self.buffer = bytearray(self.width * self.height // 8)
        self._rows = framebuf.FrameBuffer(self.buffer, self.width, self.height, framebuf.MONO_HLSB)
        self._driver = driver

    def draw(self, _top):
        self._driver.blit(self._rows, 0, 0)

    def show(self, _name, _lines, _code):
        self._driver.show()
