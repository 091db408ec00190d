import framebuf


def show(panel, lines):
    """A plain screen of a terminal whose agent is not at work."""
    frame = framebuf.FrameBuffer(panel.buffer, panel.width, panel.height, framebuf.MONO_HLSB)
    frame.fill(0)
    for i, line in enumerate(lines):
        frame.text(line, 4, 4 + 12 * i, 1)
    panel.show("notice", list(lines), "")
