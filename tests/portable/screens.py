"""A tour of the crew's screens, for tests and, by `make screens`, for eyes."""

import parcel
from cabinpay.agent import language
from cabinpay.agent.crew import Crew
from cabinpay.agent.errors import Refused
from texts import everything, is_code
from world import EUR, World, a_pass, payment, public, quick, reboot, shown, some

SIGN_ON = "4711*1234*1408#"
# the font has no glyph for the last character of a name; names are as long as they may be
ITEMS = [
    (EUR, 100 + i, 350 + 100 * i, "Item %d of the catalogue, 28 ch"[:28] % i, "巧克力龘绿茶牛肉饭矿泉水啤酒")
    for i in range(12)
]


class Tour:
    """view: where the screens are shown; stop(name): called at each."""

    def __init__(self, view, texts_of, stop):
        self.world = World()
        language.remember(self.world.files, texts_of)
        self.language = texts_of
        self.view = view
        self.stop = stop

    def go(self):
        self.begin()
        self.world.terminal.provision(some("host entropy", 32), [public("root"), public("root next")], "Trolley 2", "")
        self.begin()
        parcel.stock(self.world, {"catalogue": parcel.catalogue(ITEMS), "crew": parcel.crew()})
        self.begin()
        self.sign_on()
        self.sale()
        self.payments()
        self.cancelling()
        self.limits()
        self.after_boot()
        self.refusals()

    def begin(self):
        self.crew = Crew(self.world.terminal, self.view)
        self.crew.start()
        self.stop("start")

    def at(self, name, keys=""):
        for key in keys:
            self.crew.key(key)
        self.stop(name)

    def scan(self, name, text):
        self.crew.scanned(text)
        self.stop(name)

    def code(self, seq, name="passenger", **changes):
        return quick(name, seq, self.world.rtc + self.world.seconds, **changes)

    def sign_on(self):
        self.at("sign-on", "4711*1234*14")
        self.at("pin", "08#")
        self.at("pin typed", "08")
        self.at("wrong pin", "#")
        for _ in range(3):
            self.at("wrong again", "D" + SIGN_ON + "0000#")
        self.world.seconds += 200
        self.at("no sale", "D" + SIGN_ON + "0815#")

    def sale(self):
        self.at("list", "A")
        self.at("list, items taken", "1138")
        self.at("second page", "*")
        self.at("items", "D")
        self.at("tip, discount, unlisted item", "1*1*50A2*1*30A9999*2*150A")
        self.at("many items", "A*1234D")
        self.at("long entry", "123456789012345678901234")
        self.at("scan", "DB")
        self.at("bill", "DC")
        self.scan("over the limit", self.code(1))
        self.at("cleared", "DD")

    def payments(self):
        self.at("ready", "A1B")
        self.scan("approved", self.code(2))
        self.at("receipt", "C")
        self.at("next", "DA1B")
        self.scan("already paid", self.code(2))
        its = a_pass()
        self.scan("forged", shown(its, payment(its, 3, self.world.rtc + self.world.seconds, "thief")))
        self.scan("no code", b"hello")

    def cancelling(self):
        self.at("cancel?", "DD*D")
        self.at("cancelled", "2")
        self.scan("voided", self.code(2))
        self.at("ready", "DA1B")
        self.scan("approved", self.code(4))
        self.at("cash-up", "D#")

    def limits(self):
        journal = self.world.terminal.journal
        journal._room = journal.reserve + self.world.terminal.capacity() * 28 // 100
        self.at("cash-up, nearly full", "D#")
        rtc, self.world.rtc = self.world.rtc, None
        self.at("no clock, nearly full", "DA1D")
        self.world.rtc = rtc
        journal.measure()

    def after_boot(self):
        reboot(self.world)
        self.begin()
        self.at("cancel last", "D1")
        reboot(self.world)
        self.begin()
        self.at("seen", "A")

    def refusals(self):
        for code in sorted(filter(is_code, everything(self.language))):
            self.crew._desk.refuse(Refused(code, "", 900 if code == "pin_wait" else None))
            self.stop(code)
