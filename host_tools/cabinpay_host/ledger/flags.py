"""Exceptions as they are raised and cleared while receipts are booked."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import ExceptionRow


class Flags:
    def __init__(self, session: Session, now: int) -> None:
        self._session = session
        self._now = now
        self._rows: dict[tuple[int, str], ExceptionRow] = {}
        self._loaded: set[int] = set()

    def load(self, idents: Iterable[int]) -> None:
        """Reads what there is on these receipts; `put` works on loaded ones only."""
        new = set(idents) - self._loaded
        self._loaded |= new
        if new:
            query = select(ExceptionRow).where(ExceptionRow.receipt_id.in_(new))
            self._rows.update({(e.receipt_id, e.code): e for e in self._session.scalars(query)})

    def none_on(self, idents: Iterable[int]) -> None:
        """Says of receipts that are new that there is nothing to read."""
        self._loaded.update(idents)

    def put(self, receipt_id: int, codes: Iterable[str], wanted: dict[str, str]) -> None:
        """Of `codes`, exactly `wanted` (with details) stand open on the receipt from now on."""
        assert receipt_id in self._loaded
        for code in codes:
            flag = self._rows.get((receipt_id, code))
            if code not in wanted:
                if flag is not None and flag.cleared is None:
                    flag.cleared = self._now
            elif flag is None:
                self._raise(receipt_id, code, wanted[code])
            else:
                flag.cleared, flag.detail = None, wanted[code][:160]

    def _raise(self, receipt_id: int, code: str, detail: str) -> None:
        flag = ExceptionRow(receipt_id=receipt_id, code=code, detail=detail[:160], raised=self._now)
        self._session.add(flag)
        self._rows[receipt_id, code] = flag
