"""What the terminal keeps: the journal, and what it adds up to. Rebuilt at boot; receipts that a ledger holds are freed
when there is reason to, and a snapshot then holds what must outlive them."""

from cabinpay.wire.receipts import VOID

from . import records
from .errors import StorageError
from .heap import make_room, often, seldom
from .journal import ALL, Journal
from .spend import ENTRY_SIZE, SpendTable

# Bytes without which an ack frees at once what the ledger holds: better on the ground than in a sale
ROOMY = 65536
# Of a snapshot: what comes before the spend table, and the block that a file never fills
_SPARE = 2 * 4096


def snapshot_size(capacity):
    """Bytes of flash that a snapshot of so many passes takes at most."""
    return capacity * ENTRY_SIZE + _SPARE


def _snapshot():
    # for boots, and where room is made: else it need not be in RAM
    from . import snapshot

    return snapshot


class Store:
    """spend: by pass; since_ground: [sales, {currency: sum}] since the last ground time."""

    def __init__(self, files, codec, clock, max_passes):
        self._files = files
        self._codec = codec
        self._clock = clock
        self._chain = None
        self.journal = Journal(files, snapshot_size(max_passes))
        self.spend = SpendTable(max_passes)
        self.since_ground = [0, {}]
        self._start_counting()

    def boot(self, chain):
        """Takes up what flash holds, and has `chain` do so."""
        self._chain = chain
        start = self._load()
        before = seldom()
        try:
            self.journal.boot(self._replay, start)
        finally:
            often(before)
        # what stays of a thousand records came to lie amid their waste: anew, where there is room
        make_room()
        chain.restore(chain.state())

    def book(self, spend):
        kid, cti, seq, amount, expiry, currency = spend
        self.spend.add(kid + cti, seq, amount, expiry)
        # in place: where each sale's came to lie would divide the heap
        self.since_ground[0] += 1
        sums = self.since_ground[1]
        if currency not in sums:
            make_room()
        sums[currency] = sums.get(currency, 0) + amount

    def give_back(self, spend):
        """A sale was cancelled: its record's spend fields, with its number in the place of expiry."""
        kid, cti, _, amount, number, currency = spend
        self.spend.give_back(kid + cti, amount)
        if number > self._ground_number and currency in self.since_ground[1]:
            self.since_ground[1][currency] -= amount

    def ground_spoke(self, time):
        self._chain.ground_spoke(time)
        self._start_counting()

    def purge(self):
        """Forgets passes that have certainly expired, and has the floor say so; were there any?"""
        floor = self._clock.floor()
        if not self.spend.expired(floor):
            return False
        self.journal.append(records.Record(records.PURGE, 0, 0, floor, records.NO_SPEND, b""))
        self.spend.drop(floor)
        return True

    def full(self, size=records.MAX_RECORD):
        """Are `size` bytes not to be had, not even where acknowledged receipts lie?"""
        journal = self.journal
        if journal.room() < size and not journal.fault:
            self._free(journal.acked, ROOMY + size - journal.room())
        if journal.room() < size and not journal.fault:
            journal.free_quarantine()
        return journal.room() < size

    def free_old(self, retention):
        """Frees what a ledger has held for `retention` seconds, and more where room runs short."""
        if not self.journal.fault:
            self._free(self.journal.acked_by(self._clock.floor() - retention), ALL)
            self.full(ROOMY)

    def _start_counting(self):
        self.since_ground[0] = 0
        for currency in self.since_ground[1]:
            self.since_ground[1][currency] = 0
        # sales up to here are in no counter any more: cancelling one gives nothing back to them
        self._ground_number = self.journal.number

    def _replay(self, record):
        if record.floor:
            self._clock.raise_floor(record.floor)
        self._chain.replay(record)
        if record.type == records.RECEIPT:
            if record.spend[2]:
                self._replay_sale(record)
        elif record.type == records.TIME:
            self._start_counting()
        elif record.type == records.PURGE:
            self.spend.drop(record.floor)

    def _replay_sale(self, record):
        spend = record.spend
        if record.kind == VOID:
            self.give_back(spend)
            return
        try:
            self.book(spend)
        except ValueError:
            # what made room for it when it was sold lies in a record that is damaged
            self.spend.drop(self._clock.floor())
            self.book(spend)

    def _load(self):
        """Takes up a snapshot, where there is one, and returns what it says of the journal."""
        snapshot = _snapshot()
        try:
            state = snapshot.load(self._files, self._codec, self.spend)
        except ValueError:
            if self.spend.used:
                raise  # whole, and made by an agent that had room for more passes
            snapshot.set_aside(self._files)
            return None
        if state is None:
            return None
        self._chain.restore(state[1])
        floor, sales, self._ground_number, sums = state[2]
        self._clock.raise_floor(floor)
        self.since_ground = [sales, dict(sums)]
        return state[0]

    def _free(self, limit, wanted):
        """Frees receipts up to number `limit`, which a ledger holds, for `wanted` bytes; what must outlive them is made
        durable before. Passes that have expired go with them, and the snapshot has the floor that says so."""
        try:
            last, _ = self.journal.freeable(limit, wanted)
            if not self.journal.can_free(last):
                return
            floor = self._clock.floor()
            self.spend.drop(floor)
            state = [self.journal.covered(last), self._chain.state(), self._state(floor)]
            _snapshot().save(self._files, self._codec, state, self.spend)
            self.journal.free(last)
        except (OSError, MemoryError):
            self.journal.fault = StorageError.code
            raise StorageError()

    def _state(self, floor):
        sales, sums = self.since_ground
        told = [[currency, sums[currency]] for currency in sorted(sums) if sums[currency]]
        return [floor, sales, self._ground_number, told]
