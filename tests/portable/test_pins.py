"""Signing on with a PIN: whose it is, and how long wrong ones are made to wait."""

import parcel
from cabinpay.agent.crew import Crew
from cabinpay.agent.errors import Refused, StorageError
from cabinpay.agent.pins import LONGEST_WAIT, MOST, NAME, Pins
from cabinpay.wire import cbor, pins
from world import FLIGHT, View, bundle, fresh_files, ready, reboot

CREW = {"crew": parcel.crew()}
SIGN_ON = "4711*1234*1408#"


class OnePin:
    """A trust that knows the PIN 1111 of everybody up to crew number 999, and counts how often it is asked."""

    asked = 0

    def crew_row(self, number):
        return number < 1000

    def crew_verifies(self, number, pin):
        self.asked += 1
        return pin == "1111"


class Desk:
    def __init__(self):
        self.files = fresh_files()
        self.now = 0
        self.trust = OnePin()
        self.boot()

    def boot(self):
        self.now = 0
        self.pins = Pins(self.files, cbor, lambda: self.now)

    def try_pin(self, pin="0000", number=7):
        try:
            self.pins.check(self.trust, number, pin)
        except Refused as e:
            return e.code
        return None


def seated():
    world = parcel.stocked(CREW)
    view = View()
    crew = Crew(world.terminal, view)
    crew.start()
    return world, view, crew


def press(crew, keys):
    for key in keys:
        crew.key(key)


def test_forms():
    for pin in ("1234", "12345678", "0000"):
        assert pins.pin_form(pin), pin
    for pin in ("", "123", "123456789", "12a4", " 1234", "１２３４", 1234, None):
        assert not pins.pin_form(pin), pin


def test_whose_pin_it_is():
    trust = parcel.stocked(CREW).terminal.trust
    for number, pin, expected in (
        (4711, "0815", True),
        (7, "123456", True),
        (4711, "123456", False),
        (7, "0815", False),
        (8, "0815", False),
        (4711, "815", False),
        (4711, "", False),
        (9999999999, "0815", False),
    ):
        assert trust.crew_verifies(number, pin) == expected, (number, pin)
    assert not ready().terminal.trust.crew_verifies(4711, "0815")


def test_wrong_pins_wait_longer_and_longer():
    desk = Desk()
    assert [desk.try_pin() for _ in range(3)] == ["pin"] * 3
    for wait in (30, 60, 120, 240, 480, 900, 900):
        asked = desk.trust.asked
        desk.now += wait - 1
        assert desk.try_pin("1111") == "pin_wait" and desk.trust.asked == asked, "not even looked at"
        desk.now += 1
        assert desk.try_pin() == "pin"
    desk.now += LONGEST_WAIT
    assert desk.try_pin("1111") is None and [desk.try_pin() for _ in range(4)] == ["pin"] * 3 + ["pin_wait"]


def test_switching_off_saves_no_wait():
    desk = Desk()
    for _ in range(3):
        desk.try_pin()
        desk.boot()
    desk.now = 29
    assert desk.try_pin("1111") == "pin_wait"
    desk.boot()
    assert desk.try_pin("1111") == "pin_wait"
    desk.now = 30
    assert desk.try_pin("1111") is None
    desk.boot()
    assert desk.try_pin() == "pin", "a right one has cleared the count, on flash too"


def test_each_has_a_count_of_their_own():
    desk = Desk()
    for _ in range(3):
        desk.try_pin(number=7)
        assert desk.try_pin("1111", number=8) is None
    assert desk.try_pin("1111", number=7) == "pin_wait" and desk.try_pin("1111", number=8) is None


def test_what_is_remembered_is_bounded():
    desk = Desk()
    for _ in range(2):
        desk.try_pin(number=1)
    for number in range(2, 200):
        desk.try_pin(number=number)
    assert len(desk.pins._tries) <= MOST and len(desk.pins._last) <= MOST + 1
    assert "pin_wait" in [desk.try_pin(number=1) for _ in range(2)]


def crowded():
    """Two slips of each of as many as are remembered."""
    desk = Desk()
    for number in range(1, MOST + 1):
        assert [desk.try_pin(number=number) for _ in range(2)] == ["pin"] * 2
    return desk


def test_trying_others_first_saves_no_wait():
    desk = crowded()
    assert [desk.try_pin(number=99) for _ in range(9)] == ["pin"] + ["pin_wait"] * 8
    desk.now += 30
    assert [desk.try_pin(number=99) for _ in range(9)] == ["pin"] + ["pin_wait"] * 8


def test_trying_many_in_turn_saves_no_wait():
    desk = Desk()
    tried = [desk.try_pin(number=1 + n % (MOST + 8)) for n in range(20 * MOST)]
    assert tried.count("pin") <= 3 * MOST


def test_a_right_pin_between_wrong_ones_of_others_saves_no_wait():
    desk = crowded()
    for _ in range(3):
        desk.try_pin(number=99)
        assert desk.try_pin("1111", number=98) is None
    assert desk.try_pin("1111", number=99) == "pin_wait"
    assert len(desk.pins._tries) == MOST


def test_numbers_of_nobody_lock_nobody_out():
    desk = Desk()
    for number in range(1000, 1000 + 3 * MOST):
        assert [desk.try_pin(number=number) for _ in range(4)] == ["pin"] * 4
    assert [desk.try_pin(number=7) for _ in range(2)] == ["pin"] * 2 and desk.try_pin("1111") is None


def test_counts_that_cannot_be_read_let_nobody_in():
    desk = Desk()
    desk.try_pin()
    desk.boot()

    def broken(name, mode):
        raise OSError(5)

    desk.files.open = broken
    try:
        desk.try_pin("1111")
        raise AssertionError("let in")
    except StorageError:
        pass


def test_a_try_counts_before_it_is_looked_at():
    desk = Desk()

    class PowerFails(OnePin):
        def crew_verifies(self, number, pin):
            raise KeyboardInterrupt()

    for _ in range(3):
        try:
            desk.pins.check(PowerFails(), 7, "0000")
        except KeyboardInterrupt:
            desk.boot()
    assert desk.try_pin("1111") == "pin_wait"


def test_a_damaged_count_locks_nobody_out():
    desk = Desk()
    with desk.files.open(NAME, "wb") as f:
        f.write(b"damaged")
    assert desk.try_pin("1111") is None


def test_signing_on():
    world, view, crew = seated()
    press(crew, SIGN_ON)
    assert view.name == "pin" and view.lines[0] == "PIN, crew 4711"
    press(crew, "08")
    assert view.lines[1] == "**" and world.terminal.chain.shift is None
    press(crew, "15#")
    assert view.name == "items" and world.terminal.chain.shift.crew == "4711"
    assert world.terminal.chain.shift.flight[1] == FLIGHT


def test_a_wrong_pin_signs_nobody_on():
    world, view, crew = seated()
    for _ in range(3):
        press(crew, SIGN_ON + "0816#")
        assert view.name == "verdict" and view.lines == ["Wrong crew number or PIN."]
        assert view.sounds[-1] == "refused" and world.terminal.chain.shift is None
        press(crew, "D")
        assert view.name == "sign_on"
    press(crew, SIGN_ON + "0815#")
    assert view.lines == ["Too many wrong PINs.", "Wait 30 s."]
    world.seconds += 30
    press(crew, "D" + SIGN_ON + "0815#")
    assert view.name == "items"


def test_ways_out_of_the_pin_screen():
    _, view, crew = seated()
    press(crew, SIGN_ON + "08D")
    assert view.name == "sign_on"
    press(crew, SIGN_ON + "#")
    assert view.lines == ["Wrong crew number or PIN."]
    press(crew, "D" + SIGN_ON + "0A8B1C*5#")
    assert view.name == "items", "other keys are no digits"


def test_no_pin_is_ever_shown_or_kept():
    _, view, crew = seated()
    press(crew, SIGN_ON)
    for key in "0815":
        crew.key(key)
        assert not [line for line in view.lines if key in line.replace("4711", "")], view.lines
    crew.key("#")
    assert crew._desk.entry == ""


def test_without_a_crew_file_nobody_is_asked():
    world = ready(bundle())
    view = View()
    crew = Crew(world.terminal, view)
    crew.start()
    press(crew, SIGN_ON)
    assert view.name == "items"


def test_the_count_outlives_a_new_bundle():
    world, view, crew = seated()
    for _ in range(3):
        press(crew, SIGN_ON + "0000#D")
    parcel.stock(world, {"crew": parcel.crew(((4711, "4321"),))}, version=8)
    reboot(world)
    crew = Crew(world.terminal, view)
    crew.start()
    press(crew, SIGN_ON + "4321#")
    assert view.lines == ["Too many wrong PINs.", "Wait 30 s."]
    world.seconds += 30
    press(crew, "D" + SIGN_ON + "4321#")
    assert view.name == "items"
