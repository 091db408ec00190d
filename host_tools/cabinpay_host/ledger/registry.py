"""What a ledger is founded on and knows by name: itself, roots, bundles, terminals, enrolments."""

import contextlib
import hashlib
from collections.abc import Iterator

from sqlalchemy import Engine, inspect, select, update
from sqlalchemy.orm import Session

from cabinpay.wire.errors import WireError
from cabinpay.wire.files import REVOKED
from cabinpay.wire.keys import kid
from cabinpay.wire.schema import airline as is_airline
from cabinpay.wire.trust import Bundle, open_bundle

from .. import codec
from ..crypto import verify
from ..errors import Exit, HostError
from . import archive as arc
from . import db
from .models import (
    BEARERS,
    PENDING,
    REFUSED,
    SCHEMA,
    UNFINISHED,
    Base,
    BundleFile,
    BundleRow,
    Enrolment,
    Meta,
    ReceiptRow,
    Root,
    Terminal,
)
from .rules import revoked_file


def found(engine: Engine, archive: arc.Archive, ident: bytes, roots: list[bytes], overspend: str) -> None:
    """Makes database and archive; neither remains where that fails."""
    if overspend not in BEARERS:
        raise HostError("bad_policy", f"overspends are borne by one of {', '.join(BEARERS)}", Exit.INPUT)
    if not roots or any(len(root) != 32 for root in roots):
        raise HostError("bad_roots", "a ledger needs one root public key at least, 32 bytes each", Exit.INPUT)
    _clear_attempt(engine, archive)
    refuse_existing(engine, archive)
    with undone_on_error(archive, engine):
        length = _start_archive(archive, ident, roots, overspend)
        meta = Meta(ident=ident, schema_version=SCHEMA, archive_length=length, overspend=overspend)
        start_database(engine, meta, roots)


def _clear_attempt(engine: Engine, archive: arc.Archive) -> None:
    """Removes what an attempt has left that was killed before there was a database: it holds nothing."""
    if archive.path.exists() and not _database_is_there(engine) and archive.only_begun():
        archive.path.unlink()


def _database_is_there(engine: Engine) -> bool:
    file = db.file_of(engine.url)
    return bool(_meta_columns(engine)) if file is None else file.exists()


def refuse_existing(engine: Engine, archive: arc.Archive) -> None:
    for path in (archive.path, db.file_of(engine.url)):
        if path is not None and path.exists():
            raise HostError("ledger_exists", f"{path} is there already: open it, or name another", Exit.REFUSED)
    if db.file_of(engine.url) is None and _meta_columns(engine):
        raise HostError("ledger_exists", "this database holds a ledger: open it, or name another", Exit.REFUSED)


@contextlib.contextmanager
def undone_on_error(archive: arc.Archive, engine: Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _drop_unfinished(engine)
        engine.dispose()
        for path in (archive.path, db.file_of(engine.url)):
            if path is not None:
                path.unlink(missing_ok=True)
        raise


def _drop_unfinished(engine: Engine) -> None:
    """Of a rebuild in a server's database; a ledger's own making is one transaction there."""
    if db.file_of(engine.url) is None:
        with contextlib.suppress(HostError), db.told(), engine.begin() as connection:
            if inspect(connection).has_table("meta") and connection.scalar(select(Meta.schema_version)) == UNFINISHED:
                Base.metadata.drop_all(connection)


def _start_archive(archive: arc.Archive, ident: bytes, roots: list[bytes], overspend: str) -> int:
    try:
        length = archive.create(ident)
    except OSError as e:
        raise HostError("archive_failed", f"cannot make {archive.path}: {e.strerror}", Exit.STORAGE) from e
    records = [arc.Record(arc.ROOT, (root,)) for root in roots]
    return archive.append([*records, arc.Record(arc.POLICY, (overspend.encode(),))], length)


def start_database(engine: Engine, meta: Meta, roots: list[bytes]) -> None:
    with db.told(), engine.execution_options(writing=True).begin() as connection, Session(connection) as session:
        Base.metadata.create_all(connection)
        session.add(meta)
        session.add_all(Root(public_key=root) for root in dict.fromkeys(roots))
        session.flush()


def require_ledger(engine: Engine) -> None:
    """HostError where there is none, of whatever version."""
    file = db.file_of(engine.url)
    if file is not None and not file.is_file():
        raise HostError("ledger_missing", f"no ledger at {file}: create it first, or name another", Exit.STORAGE)
    if not {"ident", "schema_version"} <= _meta_columns(engine):
        raise HostError("not_a_ledger", "this database is no ledger: name the right one", Exit.STORAGE)


def identify(engine: Engine) -> bytes:
    """Id of the ledger behind `engine`; HostError where there is none that this version can read."""
    require_ledger(engine)
    with db.reading(engine) as session:
        row = session.execute(select(Meta.ident, Meta.schema_version)).one_or_none()
    if row is None:
        raise HostError("not_a_ledger", "this ledger was never finished: create another", Exit.STORAGE)
    if row.schema_version == UNFINISHED:
        raise HostError("not_a_ledger", "this ledger was never finished: make it again", Exit.STORAGE)
    if row.schema_version != SCHEMA:
        way = "run cabinpay ledger upgrade" if row.schema_version < SCHEMA else "use the program that wrote it"
        line = f"ledger of version {row.schema_version}, this program reads {SCHEMA}: {way}"
        raise HostError("ledger_version", line, Exit.STORAGE)
    return bytes(row.ident)


def _meta_columns(engine: Engine) -> set[str]:
    with db.told(), engine.connect() as connection:
        tables = inspect(connection)
        return {c["name"] for c in tables.get_columns("meta")} if tables.has_table("meta") else set()


def terminal(session: Session, terminal_kid: bytes) -> Terminal:
    row = session.get(Terminal, terminal_kid)
    if row is None:
        raise unknown(terminal_kid)
    return row


def unknown(terminal_kid: bytes) -> HostError:
    return HostError("unknown_terminal", f"terminal {terminal_kid.hex()} is not registered: add it", Exit.REFUSED)


def terminal_named(session: Session, name: str) -> Terminal:
    """The terminal with this label, where only one has it, or this kid in hex."""
    named = select(Terminal).where(Terminal.label == name)
    found = list(session.scalars(named))
    with contextlib.suppress(ValueError):
        found += session.scalars(select(Terminal).where(Terminal.kid == bytes.fromhex(name)))
    if len(found) != 1:
        line = f"{len(found) or 'no'} terminals are called {name}: name one by its label, or by its id in hex"
        raise HostError("unknown_terminal", line, Exit.REFUSED)
    return found[0]


def add_bundle(session: Session, data: bytes, files: dict[str, bytes], records: list[arc.Record]) -> Bundle:
    """files: by name, what travels with it; of these the ledger keeps the list of revoked passes."""
    roots = list(session.scalars(select(Root.public_key)))
    try:
        delegation, bundle = open_bundle(data, roots, verify, codec)
    except WireError as e:
        raise HostError("bad_bundle", f"this bundle is not signed under the ledger's roots ({e})", Exit.INPUT) from e
    if bundle.issued >= delegation.not_after:
        raise HostError("bad_bundle", "this bundle was issued after its delegation ran out", Exit.INPUT)
    sha256 = hashlib.sha256(data).digest()
    if session.get(BundleRow, sha256) is None:
        _keep_revoked(session, bundle, files, records)
        session.add(BundleRow(sha256=sha256, version=bundle.version, airline=bundle.airline, raw=data))
        records.append(arc.Record(arc.BUNDLE, (data,)))
        again = update(ReceiptRow).where(ReceiptRow.state.in_((PENDING, REFUSED)))
        session.execute(again.values(state=PENDING, revision=ReceiptRow.revision + 1))
    return bundle


def _keep_revoked(session: Session, bundle: Bundle, files: dict[str, bytes], records: list[arc.Record]) -> None:
    wanted = revoked_file(bundle)
    if wanted is None or session.get(BundleFile, wanted) is not None:
        return
    data = files.get(REVOKED, b"")
    if hashlib.sha256(data).digest() != wanted:
        line = "this bundle names a list of revoked passes: give the file that lies beside it"
        raise HostError("bundle_files", line, Exit.INPUT)
    add_file(session, REVOKED, data)
    records.append(arc.Record(arc.FILE, (REVOKED.encode(), data)))


def add_file(session: Session, name: str, data: bytes) -> None:
    session.merge(BundleFile(sha256=hashlib.sha256(data).digest(), name=name, raw=data))
    session.flush()


def add_terminal(session: Session, public_key: bytes, label: str, airline: str, records: list[arc.Record]) -> bytes:
    if len(public_key) != 32 or not is_airline(airline) or not 0 < len(label) <= 160:
        raise HostError(
            "bad_terminal", "a terminal takes a key of 32 bytes, a label and a two-letter airline", Exit.INPUT
        )
    ident = kid(public_key)
    row = session.get(Terminal, ident)
    if row is not None and (row.public_key, row.airline) != (public_key, airline):
        line = f"terminal {ident.hex()} is registered with another key or airline"
        raise HostError("terminal_differs", line, Exit.REFUSED)
    if row is not None and row.label == label:
        return ident
    if row is None:
        session.add(Terminal(kid=ident, public_key=public_key, label=label, airline=airline))
    else:
        row.label = label
    records.append(arc.Record(arc.TERMINAL, (public_key, label.encode(), airline.encode())))
    return ident


def add_enrolment(session: Session, values: tuple[bytes, bytes, str, str], records: list[arc.Record]) -> None:
    issuer_kid, cti, sub, passenger = values
    if not 0 < len(passenger) <= 160:
        raise HostError("bad_enrolment", "a passenger's reference has 1 to 160 characters", Exit.INPUT)
    if [len(issuer_kid), len(cti), len(sub)] != [8, 8, 8] or not sub.isascii():
        raise HostError("bad_enrolment", "issuer kid and cti take 8 bytes each, sub 8 characters", Exit.INPUT)
    row = session.get(Enrolment, (issuer_kid, cti))
    if row is None:
        session.add(Enrolment(issuer_kid=issuer_kid, cti=cti, sub=sub, passenger=passenger))
        records.append(arc.Record(arc.ENROLMENT, (issuer_kid, cti, sub.encode(), passenger.encode())))
    elif (row.sub, row.passenger) != (sub, passenger):
        line = f"pass {cti.hex()} is enrolled for somebody else"
        raise HostError("enrolment_differs", line, Exit.REFUSED)
