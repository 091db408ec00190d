"""What the crew touches: the matrix keypad, the buzzer, the panel."""

from pathlib import Path

import pytest
from PIL import Image

from cabinpay_host.flash import agent, boards
from emulated.panel import BLUE, DRIVER, GREEN, PIXEL, RED
from emulated.repl import Repl
from pico_emulated.emulator import Pico
from pico_emulated.layout import BOARD, PicoError

KEYPAD, SIZE = BOARD["keypad"], (BOARD["display"]["width"], BOARD["display"]["height"])
ALL_KEYS = "".join(KEYPAD["keys"])
SCAN = f"""
from machine import Pin
import time
rows = [Pin(n, Pin.OUT, value=1) for n in {KEYPAD["rows"]}]
columns = [Pin(n, Pin.IN, Pin.PULL_UP) for n in {KEYPAD["columns"]}]
def scan():
    down = ''
    for i, row in enumerate(rows):
        row(0)
        down += ''.join('{ALL_KEYS}'[4 * i + j] for j, column in enumerate(columns) if not column())
        row(1)
    return down
def presses(ms):
    seen, last, end = '', '', time.ticks_ms() + ms
    while time.ticks_ms() < end:
        now = scan()
        if now and now != last: seen += now
        last = now
        time.sleep_ms(5)
    print(repr(seen))
"""
BUZZER = BOARD["buzzer"]["pin"]
AGENT = agent.modules(boards.load("pico_emulated"))
PWM = f"import time; from machine import Pin, PWM; p = PWM(Pin({BUZZER})); "


def test_every_key_is_read_once_and_in_order(repl: Repl, pico: Pico) -> None:
    repl.run(SCAN)
    pico.press(" ".join(ALL_KEYS), wait=False)
    assert repl.run("presses(2200)", 2300) == ALL_KEYS


def test_a_key_connects_its_row_and_column_only(repl: Repl, pico: Pico) -> None:
    repl.run(SCAN)
    assert repl.run("print(repr(scan()))") == ""
    pico.hold("5", True)
    assert repl.run("print(repr(scan()))") == "5"
    # a column without its row driven is as high as its pull-up makes it
    assert repl.run("print([c() for c in columns])") == [1, 1, 1, 1]
    pico.hold("5", False)
    assert repl.run("print(repr(scan()))") == ""


def test_three_keys_in_a_corner_show_a_fourth_as_on_any_matrix_without_diodes(repl: Repl, pico: Pico) -> None:
    repl.run(SCAN.replace("row(0)", "row.init(Pin.OUT, value=0)").replace("row(1)", "row.init(Pin.IN)"))
    for key in "124":
        pico.hold(key, True)
    assert repl.run("print(repr(scan()))") == "1245"


def test_there_is_no_key_that_the_pad_does_not_have(pico: Pico) -> None:
    with pytest.raises(PicoError, match="no key"):
        pico.press("E")


def test_the_buzzer_is_heard(repl: Repl, pico: Pico) -> None:
    tune = "p.freq(2000); p.duty_u16(32768); time.sleep_ms(60); p.freq(440); time.sleep_ms(60); p.duty_u16(0)"
    repl.run(PWM + tune, 200)
    pico.run(5)
    assert pico.tones == [2000, 440, 0]
    times = [event["us"] for event in pico.events if event["event"] == "buzzer"]
    assert times[1] - times[0] == pytest.approx(60_000, abs=2000)


def test_a_buzzer_that_is_let_go_of_is_silent(repl: Repl, pico: Pico) -> None:
    repl.run(PWM + "p.freq(880); p.duty_u16(1000); time.sleep_ms(20); p.deinit()", 50)
    pico.run(5)
    assert pico.tones == [880, 0]


def test_a_tone_may_begin_at_any_moment_of_another(repl: Repl, pico: Pico) -> None:
    """Around the end of a note its timer's callback comes between any two instructions of the new tone's."""
    repl.run("files = " + repr({"buzzer.mpy": AGENT["cabinpay/io/buzzer.mpy"]}))
    repl.run("for name in files:\n with open(name, 'wb') as f: f.write(files[name])")
    repl.run(f"""
import time
from buzzer import Buzzer
from machine import PWM, Pin, Timer
buzzer = Buzzer(PWM(Pin({BUZZER})), Timer())
""")
    before = len(pico.tones)
    moments = range(-600, 600, 20)
    repl.run(
        f"""
for us in range({moments.start}, {moments.stop}, {moments.step}):
    buzzer.play("alarm")
    time.sleep_us(150000 + us)
    buzzer.play("refused")
    time.sleep_ms(20)
""",
        180 * len(moments),
    )
    pico.run(400)
    told = [tone for tone in pico.tones[before:] if tone != 1245]
    # the alarm's second note may have begun; the last tone is the one asked for last, and it ends
    assert told[-2:] == [330, 0] and told.count(330) == len(moments) and set(told) <= {622, 330, 0}


def shown(pico: Pico, path: Path) -> Image.Image:
    image = Image.open(pico.screen(path / "screen.png"))
    assert (image.size, image.mode) == (SIZE, "RGB")
    return image


def test_pixels_land_where_and_as_they_are_sent(repl: Repl, pico: Pico, tmp_path: Path) -> None:
    repl.run(DRIVER + f"box(0, 0, 8, 4, {PIXEL[RED]}); box(232, 236, 8, 4, {PIXEL[GREEN]})")
    repl.run(f"box(10, 100, 3, 1, {PIXEL[BLUE]})")
    pico.wait_event("screen")
    image = shown(pico, tmp_path)
    expected = Image.new("RGB", SIZE)
    for colour, box in ((RED, (0, 0, 8, 4)), (GREEN, (232, 236, 240, 240)), (BLUE, (10, 100, 13, 101))):
        expected.paste(colour, box)
    assert image.tobytes() == expected.tobytes()


# With rows mirrored (0x80) the glass shows the end of the memory, which drivers reach by an offset of 80
@pytest.mark.parametrize(("order", "sent", "seen"), [
    (0x00, (2, 1), (2, 1)),
    (0x40, (2, 1), (237, 1)),
    (0x60, (2, 1), (238, 2)),
    (0xC0, (2, 81), (237, 238)),
    (0xA0, (82, 1), (1, 237)),
])  # fmt: skip
def test_memory_order(
    repl: Repl, pico: Pico, tmp_path: Path, order: int, sent: tuple[int, int], seen: tuple[int, int]
) -> None:
    repl.run(DRIVER + f"send(0x36, bytes([{order}])); box({sent[0]}, {sent[1]}, 1, 1, {PIXEL[RED]})")
    assert shown(pico, tmp_path).getbbox() == (*seen, seen[0] + 1, seen[1] + 1)


def test_blue_and_red_change_places_when_told_to(repl: Repl, pico: Pico, tmp_path: Path) -> None:
    repl.run(DRIVER + f"send(0x36, b'\\x08'); box(0, 0, 1, 1, {PIXEL[RED]})")
    assert shown(pico, tmp_path).getpixel((0, 0)) == BLUE


@pytest.mark.parametrize(("depth", "pixels", "colours"), [
    (0x53, r"b'\xf0\x00\xf0'", [(240, 0, 0), (0, 240, 0)]),
    (0x66, r"b'\xfc\x00\x00\x00\x00\xfc'", [(252, 0, 0), (0, 0, 252)]),
])  # fmt: skip
def test_pixel_formats(repl: Repl, pico: Pico, tmp_path: Path, depth: int, pixels: str, colours: list[object]) -> None:
    repl.run(DRIVER + f"send(0x3a, bytes([{depth}])); box(0, 0, 2, 1, b''); send(0x2c, {pixels})")
    image = shown(pico, tmp_path)
    assert [image.getpixel((0, 0)), image.getpixel((1, 0))] == colours


@pytest.mark.parametrize("off", ["send(0x28)", "send(0x10)", "light(0)", "reset(0); reset(1)", "send(0x01)"])
def test_a_panel_that_is_off_is_dark(repl: Repl, pico: Pico, tmp_path: Path, off: str) -> None:
    repl.run(DRIVER + f"box(0, 0, 9, 9, {PIXEL[RED]})")
    assert shown(pico, tmp_path).getpixel((0, 0)) == RED
    repl.run(off)
    assert not shown(pico, tmp_path).getbbox()


def test_the_panel_sees_only_what_is_meant_for_it(repl: Repl, pico: Pico, tmp_path: Path) -> None:
    repl.run(DRIVER + f"box(0, 0, 9, 9, {PIXEL[RED]}); cs(1); dc(0); spi.write(b'\\x28'); dc(1)")
    assert shown(pico, tmp_path).getpixel((0, 0)) == RED


def test_a_frame_takes_its_time_on_the_bus(repl: Repl) -> None:
    """115,200 bytes at 24 MHz: the most that this firmware's SPI does."""
    code = "import time; b = bytes(11520); t = time.ticks_us()\nfor _ in range(10): spi.write(b)\n"
    assert repl.run(DRIVER + code + "print(time.ticks_us() - t)") == pytest.approx(115200 * 8 / 24, rel=0.05)
