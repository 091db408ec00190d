"""Who may read evidence (design, section 7): the names that the ledger's `roles` table calls auditor.

What it does: this package's commands and views show pass, payment and lines to auditors only; names are given and
taken by somebody who is named, and that is in the archive. What it does not: SQLite knows no users, so whoever can
read the ledger's file, or its archive, can read the evidence in it, and a name is taken as given (the command line
gives the operating system's user, or what --as says). File permissions keep the file; GRANTs on the table `evidence`
will do it on PostgreSQL.
"""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..errors import Exit, HostError
from . import archive as arc
from .models import Role

AUDITOR = "auditor"


def may_read_evidence(session: Session, name: str | None) -> bool:
    return name is not None and session.get(Role, (name, AUDITOR)) is not None


def require_auditor(session: Session, name: str) -> None:
    if not may_read_evidence(session, name):
        line = f"{name} is no auditor of this ledger: ask for cabinpay ledger auditor {name}"
        raise HostError("not_auditor", line, Exit.REFUSED)


def auditors(session: Session) -> list[Role]:
    return list(session.scalars(select(Role).where(Role.role == AUDITOR).order_by(Role.name)))


def name(session: Session, name: str, author: str, given: bool, now: int, records: list[arc.Record]) -> None:
    if not 0 < len(name) <= 160 or not 0 < len(author) <= 160:
        raise HostError("bad_name", "a name takes 1 to 160 characters", Exit.INPUT)
    if may_read_evidence(session, name) == given:
        return
    put(session, name, author, given, now)
    words = (name.encode(), AUDITOR.encode(), bytes([given]), author.encode())
    records.append(arc.Record(arc.ROLE, (secrets.token_bytes(8), *words, arc.u64(now))))


def put(session: Session, name: str, author: str, given: bool, now: int) -> None:
    row = session.get(Role, (name, AUDITOR))
    if given and row is None:
        session.add(Role(name=name, role=AUDITOR, author=author, made=now))
    elif not given and row is not None:
        session.delete(row)
