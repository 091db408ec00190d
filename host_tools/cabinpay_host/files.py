"""Small files: read within a bound, written whole or not at all, and every failure one HostError.

Codes: file_missing, file_denied, file_kind, file_size (exit 3), file_exists, file_shared (exit 4), storage (exit 6).
"""

import errno
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import Exit, HostError

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def read(path: Path, limit: int) -> bytes:
    """All bytes of a regular file of at most `limit` bytes; never blocks on a pipe or a device."""
    with _faults(path):
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise HostError("file_kind", f"{path} is not a file; check the path", Exit.INPUT)
            with open(fd, "rb", closefd=False) as file:
                data = file.read(limit + 1)
        finally:
            os.close(fd)
    if len(data) > limit:
        raise HostError(
            "file_size", f"{path} has more than {limit} bytes and cannot be what is wanted here", Exit.INPUT
        )
    return data


def read_json(path: Path, limit: int) -> dict[str, Any]:
    """The JSON object in a file; HostError("file_garbled") for anything else."""
    try:
        value = json.loads(read(path, limit))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise HostError("file_garbled", f"{path} is damaged or of another kind; take it from a backup", Exit.INPUT)
    return value


def refuse_shared(path: Path) -> None:
    """HostError("file_shared") where group or others may touch a file that holds a secret."""
    with _faults(path):
        mode = os.stat(path).st_mode
    if mode & 0o077:
        raise HostError(
            "file_shared", f"{path} holds a secret that others can reach; run: chmod 600 {path}", Exit.REFUSED
        )


def create(path: Path, data: bytes, mode: int = 0o644) -> None:
    """A new file, durable on return; HostError("file_exists") rather than touch one that is there."""
    with _faults(path):
        _fill(path, data, mode)
        with _undone(path):
            _sync_folder(path)


def replace(path: Path, data: bytes, mode: int = 0o644) -> None:
    """The old file or the new one, never a mixture, whatever fails; durable on return."""
    with _faults(path):
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise HostError("file_kind", f"{path} is not a file and is not replaced; check the path", Exit.INPUT)
        fresh = target.with_name(f".{target.name[:64]}.{secrets.token_hex(4)}")
        _fill(fresh, data, mode)
        with _undone(fresh):
            os.rename(fresh, target)
        _sync_folder(target)


def make_folder(folder: Path) -> None:
    """A folder, for its owner only where it is new."""
    with _faults(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time among those that change files in this file's folder."""
    with _faults(path):
        fd = os.open(path.resolve().parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with _faults(path):
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _fill(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, _CREATE, mode)
    with _undone(path), open(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)


@contextmanager
def _undone(path: Path) -> Iterator[None]:
    """Takes a new file away again where what follows fails."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def _sync_folder(path: Path) -> None:
    fd = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as e:
        # some network and USB file systems have no such thing for a folder
        if e.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(fd)


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise HostError(
            "file_exists", f"{path} exists and is never overwritten; choose another name", Exit.REFUSED
        ) from None
    except (FileNotFoundError, NotADirectoryError):
        raise HostError("file_missing", f"{path} or its folder does not exist; check the path", Exit.INPUT) from None
    except IsADirectoryError:
        raise HostError("file_kind", f"{path} is a folder; a file is wanted", Exit.INPUT) from None
    except PermissionError:
        raise HostError("file_denied", f"{path} may not be touched by you; check who owns it", Exit.INPUT) from None
    except OSError as e:
        raise HostError(
            "storage", f"{path}: {os.strerror(e.errno or 0)}; make room or use another place", Exit.STORAGE
        ) from None
    except ValueError:
        raise HostError("file_missing", f"{path} cannot be a path; check it", Exit.INPUT) from None
