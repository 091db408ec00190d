"""The clock's rules (design, section 4) as one table over a whole terminal: what is told, what is believed, what of it
outlives the power."""

from cabinpay.agent.errors import Refused
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import FLOOR, RTC, SYNCED
from world import DAY, FLIGHT, NOW, bundle, ready, reboot

ISSUED = NOW - 7200
END = NOW + 7 * 86400 + 30 * 86400
# 60 s of freshness at 100 ppm
DECAY = 600000


def ground(time):
    return lambda world: world.terminal.set_time(time, b"statement")


def wait(seconds):
    def step(world):
        world.seconds += seconds

    return step


def newer(**changes):
    return lambda world: world.terminal.install(bundle(version=8, **changes))


def receipt(world):
    world.terminal.open_shift("4711", FLIGHT, DAY)


def ack(world):
    world.terminal.acknowledge(1, b"statement")


def refused(step):
    def refuse(world):
        try:
            step(world)
        except (Refused, WireError):
            return
        raise AssertionError("not refused")

    return refuse


older = refused(lambda world: world.terminal.install(bundle(version=6, issued=NOW)))
forged = refused(lambda world: world.terminal.install(bundle("thief", version=8, issued=NOW)))

# (what, RTC at power-on, steps, reading then, floor then, quality and floor after a reboot of 5 s)
RULES = (
    ("nobody knows the time", None, (), (ISSUED, FLOOR, 0), ISSUED, FLOOR, ISSUED),
    ("a floor counts on, never faster than true time", None, (wait(57),),
     (ISSUED + 55, FLOOR, 0), ISSUED + 55, FLOOR, ISSUED),
    ("an RTC within the bundle", NOW, (), (NOW, RTC, 0), ISSUED, RTC, ISSUED),
    ("an RTC counts on", NOW, (wait(57),), (NOW + 57, RTC, 0), ISSUED + 55, RTC, ISSUED),
    ("an RTC of the second of issue", ISSUED, (), (ISSUED, RTC, 0), ISSUED, RTC, ISSUED),
    ("an RTC before the issue", ISSUED - 1, (), (ISSUED, FLOOR, 0), ISSUED, RTC, ISSUED),
    ("an RTC of a flat battery", 0, (), (ISSUED, FLOOR, 0), ISSUED, FLOOR, ISSUED),
    ("an RTC of the last possible second", END, (), (END, RTC, 0), ISSUED, FLOOR, ISSUED),
    ("an RTC after it", END + 1, (), (ISSUED, FLOOR, 0), ISSUED, FLOOR, ISSUED),
    ("no RTC raises the floor, nor do its receipts", END, (receipt,), (END, RTC, 0), ISSUED, FLOOR, ISSUED),
    ("nor do receipts over a floor", None, (wait(57), receipt), (ISSUED + 55, FLOOR, 0), ISSUED + 55, FLOOR, ISSUED),
    ("nor does an ack", NOW, (receipt, ack), (NOW, RTC, 0), ISSUED, RTC, ISSUED),
    ("ground time raises it", None, (ground(NOW),), (NOW, SYNCED, 0), NOW, FLOOR, NOW),
    ("ground time grows old", None, (ground(NOW), wait(57)), (NOW + 57, SYNCED, 57), NOW + 55, FLOOR, NOW),
    ("a synced receipt raises it", None, (ground(NOW), wait(57), receipt),
     (NOW + 57, SYNCED, 57), NOW + 55, FLOOR, NOW + 57),
    ("ground time goes before an RTC", NOW + 500, (ground(NOW),), (NOW, SYNCED, 0), NOW, RTC, NOW),
    ("an RTC behind the ground's time is wrong", NOW - 9, (ground(NOW),), (NOW, SYNCED, 0), NOW, FLOOR, NOW),
    ("an RTC at it is not", NOW - 5, (ground(NOW),), (NOW, SYNCED, 0), NOW, RTC, NOW),
    ("synced to the last second", None, (ground(NOW), wait(DECAY)),
     (NOW + DECAY, SYNCED, DECAY), NOW + 599939, FLOOR, NOW),
    ("then a floor", None, (ground(NOW), wait(DECAY + 1)), (NOW + 599940, FLOOR, 0), NOW + 599940, FLOOR, NOW),
    ("or the RTC", NOW, (ground(NOW), wait(DECAY + 1)), (NOW + DECAY + 1, RTC, 0), NOW + 599940, RTC, NOW),
    ("ground time at the end", None, (ground(END),), (END, SYNCED, 0), END, FLOOR, END),
    ("and past it", None, (ground(END), wait(10)), (END + 8, FLOOR, 0), END + 8, FLOOR, END),
    ("ground time before the floor", None, (refused(ground(ISSUED - 1)),), (ISSUED, FLOOR, 0), ISSUED, FLOOR, ISSUED),
    ("ground time after the end", None, (refused(ground(END + 1)),), (ISSUED, FLOOR, 0), ISSUED, FLOOR, ISSUED),
    ("time does not go back", None, (ground(NOW), refused(ground(NOW - 1))), (NOW, SYNCED, 0), NOW, FLOOR, NOW),
    ("a bundle raises it", None, (newer(issued=NOW),), (NOW, FLOOR, 0), NOW, FLOOR, NOW),
    ("a bundle never lowers it", None, (ground(NOW), newer(issued=ISSUED - 9)), (NOW, SYNCED, 0), NOW, FLOOR, NOW),
    ("a bundle refused as older", None, (older,), (ISSUED, FLOOR, 0), ISSUED, FLOOR, ISSUED),
    ("a bundle that is forged", None, (forged,), (ISSUED, FLOOR, 0), ISSUED, FLOOR, ISSUED),
    ("a bundle from after the RTC", NOW, (newer(issued=NOW + 9),), (NOW + 9, FLOOR, 0), NOW + 9, FLOOR, NOW + 9),
    ("a bundle from after the ground's time", None, (ground(NOW), newer(issued=NOW + 9)),
     (NOW + 9, FLOOR, 0), NOW + 9, FLOOR, NOW + 9),
    ("a shorter window decays sooner", None, (newer(limits=[30, 864000, 500, 1]), ground(NOW), wait(300001)),
     (NOW + 299970, FLOOR, 0), NOW + 299970, FLOOR, NOW),
)  # fmt: skip


def test_the_rules():
    for what, rtc, steps, reading, floor, later, kept in RULES:
        world = ready(rtc=rtc)
        for step in steps:
            step(world)
        clock = world.terminal.clock
        assert (clock.read(), clock.floor()) == (reading, floor), (what, clock.read(), clock.floor())
        clock = reboot(world).clock
        assert (clock.read()[1], clock.floor()) == (later, kept), (what, "after a reboot", clock.read(), clock.floor())


def test_receipts_say_how_good_their_time_is():
    for rtc, steps, time, quality in (
        (None, (), ISSUED, [FLOOR, 0]),
        (NOW, (), NOW, [RTC, 0]),
        (NOW, (ground(NOW + 1), wait(7)), NOW + 8, [SYNCED, 7]),
        (None, (ground(NOW), wait(DECAY + 1)), NOW + 599940, [FLOOR, 0]),
    ):
        world = ready(rtc=rtc)
        for step in steps:
            step(world)
        receipt(world)
        shift = world.terminal.chain.shift
        assert (shift.time, shift.quality) == (time, quality)
