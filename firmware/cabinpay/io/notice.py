import framebuf


def show(panel, lines):
    """A plain screen of a terminal whose agent is not at work."""
    frame = framebuf.FrameBuffer(panel.buffer, panel.width, panel.band, framebuf.MONO_HLSB)
    for top in range(0, panel.height, panel.band):
        frame.fill(0)
        for i, line in enumerate(lines):
            frame.text(line, 4, 4 + 12 * i - top, 1)
        panel.draw(top)
    panel.show("notice", list(lines), "")
