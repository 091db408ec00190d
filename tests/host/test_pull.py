"""What a sync reports of the receipts that it has pulled."""

from types import SimpleNamespace

from cabinpay_host.pull import Pull
from host import ledger_world as w


class Line:
    """The link to a terminal that gives its chain in parts of some numbers: what damage left comes in its order."""

    def __init__(self, terminal, parts):
        self.terminal = terminal
        self.parts = parts

    def pull(self, first, items):
        part = self.parts.pop(0) if self.parts else []
        _, raw, _ = self.terminal.items[-1]
        for item in self.terminal.items:
            if item[0] in part and item[0] >= first:
                items.append(item)
        return self.terminal.number, w.sha(raw)


def test_what_no_longer_stands_is_not_reported_and_nothing_twice(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    for _ in range(3):
        terminal.sale(ann, payment=ann.pay(iat=w.NOW - 600))  # stale, and stays so
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[:1], "sync")
        link = Line(terminal, [[4], [1, 2, 3], [4]])
        hello = SimpleNamespace(kid=terminal.kid, public_key=terminal.key.public)
        pulled = Pull(link, ledger, hello, lambda *_: None)
        assert pulled.exceptions == []
        pulled.run()
        assert pulled.exceptions == [(n, "stale") for n in (2, 3, 4)]
        assert pulled.new == 3 and ledger.custody(terminal.kid)[0] == 4
