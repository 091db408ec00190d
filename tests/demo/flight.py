"""One flight of Cabinpay, from keys to ledger, on real MicroPython: make demo. Exits 1 if anything is not as claimed.

The terminal boots firmware/main.py on MicroPython's unix port with a littlefs image as its flash; QR codes are drawn as
pictures and read by a real decoder; the sync goes through a pty as serial port. Files stay in demo-flight/, or in the
folder given.
"""

from __future__ import annotations

import datetime
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from cast import archived_receipts, forged_code, old_pass
from stage import ROOT, Stage, Wrong

import simulator
from cabinpay_host import qr
from cabinpay_host.wallet import Wallet

HERE = Path(__file__).parent
LABEL = "9C-T001"
# of the crew members who may sign on; the bundle brings terminals what stands for them
PINS = {7: "2580", 8: "1379"}
SYNC = "sync --port {port} --ground keys/laptop.key --ack keys/ledger.key --bundle 9C.bundle --ledger airline.db"


class Flight:
    """The story in chapters; each leaves what the next one needs."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.folder = stage.folder
        self.flash = stage.folder / "terminal-flash.img"
        self.terminal: simulator.Terminal | None = None
        self.pictures = 0

    def fly(self) -> None:
        try:
            self.keys()
            self.passengers()
            self.terminal_set_up()
            self.sales()
            self.refusals()
            self.power_cut()
            self.turnaround()
            self.landing()
            self.ledger()
        finally:
            if self.terminal:
                self.terminal.close()

    def keys(self) -> None:
        s = self.stage
        s.chapter("1  On the ground: keys, bundle, ledger")
        for role, name in (
            ("root", "root"), ("root", "next"), ("bundle", "day"), ("issuer", "platform"), ("ground", "laptop"),
            ("ledger", "ledger"),
        ):  # fmt: skip
            s.run(f"keys new {role} {name} --folder keys", quiet=True)
        until = datetime.date.today() + datetime.timedelta(days=90)
        s.run(f"bundle delegate --root keys/root.key --to keys/day.pub --until {until} --serial 1 --out day.cose")
        shutil.copy(HERE / "bundle.toml", self.folder / "9C.toml")
        for name in ("policy.toml", "catalogue.csv"):
            shutil.copy(HERE / name, self.folder)
        for number, pin in PINS.items():
            s.run(f"bundle crew add {number} --file crew.json", typed=f"{pin}\n")
        roots = "--root keys/root.pub --root keys/next.pub"
        s.run(f"bundle make 9C.toml --key keys/day.key --delegation day.cose {roots} --out 9C.bundle")
        s.run(f"ledger new --ledger airline.db {roots}", quiet=True)
        s.run("ledger add-bundle 9C.bundle --ledger airline.db")

    def passengers(self) -> None:
        s = self.stage
        s.chapter("2  Three passengers enrol with the payment platform")
        for name, score in (("anna", 720), ("bo", 610)):
            s.run(f"wallet new {name}.wallet", quiet=True)
            self.enrol(name, score)
            s.run(f"wallet add {name}.wallet {name}.pass", quiet=True)
        s.run("wallet new chen.wallet", quiet=True)
        self.enrol("chen", 540, status=4)
        s.claim("Chen's score is below the policy's 550: no pass", (self.folder / "chen.pass").exists(), False)

    def enrol(self, name: str, score: int, status: int = 0) -> None:
        where = f"--wallet {name}.wallet --out {name}.pass --ledger airline.db --passenger {name}"
        command = f"enrol --issuer keys/platform.key --policy policy.toml --airline 9C --score {score} {where}"
        self.stage.run(command, status=status)

    def terminal_set_up(self) -> None:
        s = self.stage
        s.chapter("3  A blank terminal boots on MicroPython and is provisioned over its serial port")
        self.power_on("stopped")
        s.run(f"hello --port {self.port}")
        roots = "--root keys/root.pub --next-root keys/next.pub"
        where = f"--bundle 9C.bundle --ledger airline.db --aircraft B-1234 --label {LABEL}"
        s.run(f"provision --port {self.port} {roots} {where}")
        s.run(SYNC.format(port=self.port), quiet=True)
        s.claim("The terminal is ready", s.json(f"hello --port {self.port}")["state"], "ready")
        s.say("Crew 7 signs on for flight 9C8888: from here on there is no network.")
        self.picture(self.on.screens[-1], "sign-on")
        self.on.show(self.sign_on(7, 8888), "pin")
        screen = self.on.show("0000#", "verdict")
        self.picture(screen, "wrong-pin")
        s.claim("A wrong PIN signs nobody on", screen["lines"], ["Wrong crew number or PIN."])
        self.on.show("D", "sign_on")
        self.picture(self.on.show(self.sign_on(7, 8888), "pin"), "pin")
        self.picture(self.on.show(PINS[7] + "#", "items"), "no-sale")

    def sign_on(self, crew: int, flight: int) -> str:
        return f"{crew}*{flight}*{time.strftime('%d%m', time.gmtime())}#"

    def sales(self) -> None:
        s = self.stage
        s.chapter("4  In the air: sales")
        s.say("Anna buys two noodles and a tea and shows her code (quick).")
        self.picture(self.on.show("A", "list"), "catalogue")
        screen = self.shown_after("112")
        self.picture(screen, "catalogue-items-taken")
        s.claim("Three keys in the catalogue are her order", screen["lines"][:3], [
            "35.00 CNY", "1 Instant noodles  2 x 15.00", "2 Green tea  1 x 5.00",
        ])  # fmt: skip
        self.picture(self.on.show("D", "items"), "items")
        self.picture(self.on.show("B", "scan"), "scan-the-code")
        self.anna_code = self.shown_code("anna")
        self.verdict("Anna pays 35.00 CNY", self.anna_code, "approved")
        self.keep_receipt("anna", "35.00 CNY")
        s.say("Bo buys a model aircraft; the terminal shows a bill, Bo's phone scans it and agrees (challenged).")
        screen = self.key_in("2001A", "C", "bill")
        bill = self.picture(screen, "bill")
        code = self.shown_code("bo", f"--bill-picture {bill} --yes")
        self.verdict("Bo pays the bill of 128.00 CNY", code, "approved")
        s.say("Bo orders a tea on the phone, 10 % off and a tip; the payment is for these lines only (bound).")
        code = self.shown_code("bo", "--line 1002*1*500 --line 1*1*100 --line 2*1*50")
        self.key_in("1002A 1*1*100A", "B", "scan")
        self.verdict("The crew forgot the discount", code, "amount")
        self.on.show("D", "items")
        self.on.press("2*1*50A")
        self.on.show("B", "scan")
        self.verdict("Bo pays exactly these lines, 5.50 CNY", code, "approved")

    def keep_receipt(self, name: str, amount: str) -> None:
        """The phone photographs the receipt that the terminal shows."""
        picture = self.picture(self.on.show("C", "receipt"), f"receipt-of-{name}")
        kept = self.stage.json(f"wallet keep {name}.wallet --picture {picture}")
        self.stage.claim(f"{name.title()}'s phone keeps the receipt, its proof until landing", kept["amount"], amount)

    def refusals(self) -> None:
        s = self.stage
        s.chapter("5  Codes that must not pay")
        screen = self.key_in("1001*1*1", "A", "verdict")
        self.picture(screen, "price-keyed-in")
        s.claim("Nobody keys in another price", screen["lines"], ["The list has its price.", "sku*quantity A"])
        self.on.show("D", "items")
        self.key_in("1001A", "B", "scan")
        wallet = Wallet(self.folder / "anna.wallet")
        self.verdict("Anna's code of before, photographed and shown again", self.anna_code, "already_paid")
        forged = forged_code(wallet)
        self.verdict("A pass forged by somebody with a key of their own", self.drawn(forged), "pass_signature")
        expired = old_pass(self.folder, "9C")
        self.verdict("A pass that expired yesterday", self.drawn(expired), "pass_expired")
        self.key_in("2001*2A", "B", "scan")
        self.verdict("256.00 CNY on a pass for 200.00 a sale", self.shown_code("bo"), "per_sale")

    def power_cut(self) -> None:
        s = self.stage
        s.chapter("6  The plug is pulled in the middle of a sale")
        code = self.shown_code("anna")
        self.on.cut_power()
        operations = self.rehearse(code)
        s.say(f"The sale takes {operations} flash operations; power fails as the last one ends.")
        self.power_on("confirm_last")
        self.key_in("A 1003A", "B", "scan")
        self.on.cut_in(operations, 256)
        self.on.scan(code)
        s.claim("The terminal died without a word", self.on.ended(), -signal.SIGKILL)
        screen = self.power_on("confirm_last")
        self.picture(screen, "after-the-cut")
        s.claim("It comes back and shows the last sale", screen["lines"][1:3], ["Receipt 6", "18.00 CNY"])
        self.key_in("A 1003A", "B", "scan")
        self.verdict("Anna's code, scanned again to be sure", code, "already_paid")

    def rehearse(self, code: str) -> int:
        """How many flash operations this very sale takes, tried on a copy of the flash."""
        copy = self.folder / "rehearsal.img"
        shutil.copy(self.flash, copy)
        with simulator.Terminal(copy) as terminal:
            terminal.wait("confirm_last")
            terminal.show("A", "items")
            terminal.press("1003A")
            before = terminal.show("B", "scan")["operations"]
            done = terminal.pay(code)["operations"] - before
        copy.unlink()
        Path(f"{copy}.log").unlink()
        return int(done)

    def turnaround(self) -> None:
        s = self.stage
        s.chapter("7  Turnaround without a sync: the next flight, and a sale that is cancelled")
        screen = self.key_in("", "#", "cash_up")
        self.picture(screen, "cash-up")
        s.claim("The crew's cash-up", screen["lines"][1], "4 sales  186.50 CNY")
        self.on.show("#", "sign_on")
        s.say("Crew 8 works in Chinese: one key on the sign-on screen.")
        self.picture(self.on.show("A", "sign_on"), "zh-sign-on")
        self.picture(self.on.show(self.sign_on(8, 8889), "pin"), "zh-pin")
        self.picture(self.on.show(PINS[8] + "#", "items"), "zh-no-sale")
        self.picture(self.on.show("A", "list"), "zh-catalogue")
        screen = self.shown_after("3")
        self.picture(screen, "zh-catalogue-item-taken")
        s.claim("The catalogue has Chinese names", screen["lines"][3], "3 坚果葡萄干  1 x 18.00")
        self.picture(self.on.show("D", "items"), "zh-items")
        self.picture(self.on.show("B", "scan"), "zh-scan-the-code")
        code = self.shown_code("bo")
        self.verdict("Bo pays 18.00 CNY on the way back", code, "approved")
        s.say("The kitchen is out of it. The crew cancels the sale, whole and with a reason.")
        self.on.show("D", "items")
        self.picture(self.on.show("*D", "void"), "zh-cancel")
        screen = self.on.show("2", "verdict")
        self.picture(screen, "zh-cancelled")
        s.claim("The sale is cancelled", screen["lines"], ["销售已取消", "18.00 CNY", "收据9"])
        self.verdict("Its code is used up and says so", code, "voided")
        screen = self.key_in("", "#", "cash_up")
        self.picture(screen, "zh-cash-up")
        s.claim("The cash-up shows both", screen["lines"][1:3], ["销售1笔  18.00 CNY", "取消1笔  18.00 CNY"])
        self.on.show("#", "sign_on")

    def landing(self) -> None:
        s = self.stage
        s.chapter("8  After landing: a receipt from the phone, then one sync for both flights")
        s.say("Anna is home before the trolley is: her phone hands in the receipt that it has kept.")
        handed = s.json("wallet hand-in anna.wallet --ledger airline.db")["receipts"]
        s.claim("The ledger takes it and debits her", [row["result"] for row in handed], ["new"])
        s.run(SYNC.format(port=self.port))
        (again,) = s.json(SYNC.format(port=self.port))["terminals"]
        handed = s.json("wallet hand-in anna.wallet --ledger airline.db")["receipts"]
        s.claim("Handed in once more it changes nothing", [row["result"] for row in handed], ["known"])
        s.claim("A second sync moves nothing", (again["receipts"], again["acknowledged"], again["number"]), (0, 12, 12))

    def ledger(self) -> None:
        s = self.stage
        s.chapter("9  The ledger")
        s.run("ledger balances --ledger airline.db")
        sums = s.json("ledger balances --ledger airline.db")["sums"]
        s.claim("Postings sum to zero", sums, {"CNY": "0.00 CNY"})
        s.run("ledger auditor kim --ledger airline.db")  # who reads what was bought is named
        for name, debits in (("anna", ["35.00 CNY", "18.00 CNY"]), ("bo", ["128.00 CNY", "5.50 CNY"])):
            s.run(f"ledger statement {name} --ledger airline.db --as kim")
            found = s.json(f"ledger statement {name} --ledger airline.db")["debits"]
            s.claim(f"One debit per payment of {name.title()}", [d["amount"] for d in found[:2]], debits)
        s.say("Bo's model aircraft had one wing. The airline gives half of it back.")
        why = '--reason "one wing" --author kim --ledger airline.db'
        s.run(f"ledger refund {LABEL} 4 --amount 6400 {why}", quiet=True)
        found = s.json("ledger statement bo --ledger airline.db")["debits"]
        s.claim("Bo's statement shows it", [d["amount"] for d in found if d["amount"].startswith("-")], ["-64.00 CNY"])
        s.run("ledger shifts --ledger airline.db")
        shifts = s.json("ledger shifts --ledger airline.db")["shifts"]
        found = [(shift["sold"], shift["cash-up"]) for shift in shifts]
        told = [("4 sales 186.50 CNY", "agrees"), ("1 sales 18.00 CNY, 1 voids 18.00 CNY", "agrees")]
        s.claim("Both cash-ups agree with the receipts", found, told)
        s.claim("No exceptions", s.json("ledger exceptions --ledger airline.db")["exceptions"], [])
        s.run("ledger verify --ledger airline.db")
        kept = archived_receipts(self.folder / "airline.db.archive", self.folder / "receipts")
        s.claim("The archive holds every receipt too, as the terminal signed it", kept, 12)

    @property
    def on(self) -> simulator.Terminal:
        assert self.terminal is not None
        return self.terminal

    @property
    def port(self) -> str:
        return self.on.port

    def power_on(self, screen: str) -> dict[str, object]:
        self.terminal = simulator.Terminal(self.flash)
        return self.terminal.wait(screen)

    def key_in(self, lines: str, by: str, screen: str) -> dict[str, object]:
        """Clears what is keyed in, keys in `lines`, presses `by` and waits for `screen`."""
        if not lines.startswith("A"):
            self.on.show("D", "items")
        if lines:
            self.on.press(lines)
        return self.on.show(by, screen)

    def shown_after(self, keys: str) -> dict[str, object]:
        """The screen after these keys, each of which shows one."""
        since = len(self.on.screens)
        self.on.press(keys)
        return self.on.nth(since + len(keys))

    def shown_code(self, name: str, how: str = "") -> str:
        """A passenger's phone shows a code as a picture; the scanner's decoder reads it."""
        self.pictures += 1
        path = f"qr/{self.pictures:02d}-{name}.png"
        self.stage.run(f"wallet pay {name}.wallet {how} --png {path}", quiet=True)
        return qr.read_picture(self.folder / path)

    def drawn(self, text: str) -> str:
        self.pictures += 1
        path = self.folder / f"qr/{self.pictures:02d}-hostile.png"
        path.write_bytes(qr.png(text))
        return qr.read_picture(path)

    def picture(self, screen: dict[str, object], name: str) -> Path:
        path = simulator.picture(screen, self.folder / "screens" / f"{name}.png")
        return path.relative_to(self.folder)

    def verdict(self, what: str, code: str, expected: str) -> None:
        screen = self.on.pay(code)
        self.picture(screen, f"{self.pictures:02d}-{expected.replace('_', '-')}")
        self.stage.say("terminal: " + " / ".join(screen["lines"]), "yellow")
        self.stage.claim(f"{what}: {expected}", screen["code"], expected)


def main() -> int:
    started = time.monotonic()
    folder = Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT / "demo-flight"
    stage = Stage(folder)
    try:
        stage.clear()
        Flight(stage).fly()
    except (Wrong, OSError, RuntimeError, subprocess.TimeoutExpired) as e:
        stage.say(f"✗ {e}", "bold red")
        return 1
    except KeyboardInterrupt:
        stage.say("interrupted; the terminal is switched off", "red")
        return 130
    seconds = time.monotonic() - started
    stage.chapter("Landed")
    stage.say(f"{stage.claims} claims checked in {seconds:.0f} s.", "bold green")
    stage.say(f"Pictures of codes and screens, receipts, the terminal's flash and the ledger lie in {stage.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
