"""A ledger and `cabinpay gateway` processes on loopback for the load simulator."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from cabinpay_host import certificate, keys
from cabinpay_host.ledger import Ledger
from host import ledger_world as w


class Gateway:
    """One `cabinpay gateway`: port, and how much memory it takes."""

    def __init__(self, folder: Path, name: str, where: str, sessions: int) -> None:
        self.log = folder / f"{name}.log"
        words = f"--certificate gate.crt --ground laptop.key --ack books.key --sessions {sessions}".split()
        listen = ["--listen", "127.0.0.1:0", "--status", "127.0.0.1:0", "--ledger", where]
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cabinpay_host.cli", "gateway", *listen, *words],
                cwd=folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self._process.stdout is not None
        ports = re.findall(r":(\d+)", self._process.stdout.readline())
        assert ports, self.log.read_text()
        self.port = int(ports[0])
        self.idle = self.peak = self._begun()

    def _memory(self) -> int:
        """Of the gateway and the processes that judge for it."""
        gateway = psutil.Process(self._process.pid)
        return sum(int(process.memory_info().rss) for process in (gateway, *gateway.children()))

    def _begun(self) -> int:
        """Memory once it grows no more: the judges begin beside the gateway."""
        memory, before = self._memory(), 0
        while memory - before > 1_000_000:
            time.sleep(1)
            memory, before = self._memory(), memory
        return memory

    def sample(self) -> None:
        self.peak = max(self.peak, self._memory())

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(30) == 0, self.log.read_text()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Ground:
    """Keys, a certificate and a ledger that knows the terminals, in `folder`."""

    def __init__(self, folder: Path, url: str, terminals: list[w.Terminal]) -> None:
        self.folder = folder
        self.url, self.archive = url, folder / "ledger.archive"
        self.laptop = keys.create(folder, "ground", "laptop")
        self.books = keys.create(folder, "ledger", "books")
        self.channel = certificate.create(folder, "gate")
        with Ledger.create(url, self.archive, [w.ROOT.public], clock=time.time) as ledger:
            ledger.add_bundle(w.bundle())
            for terminal in terminals:
                ledger.add_terminal(terminal.key.public, terminal.label, w.AIRLINE)

    def gateway(self, name: str, sessions: int) -> Gateway:
        return Gateway(self.folder, name, f"{self.url}#{self.archive}", sessions)
