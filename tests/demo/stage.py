"""What the demo stands on: its folder, the command line as a person types it, claims that are checked."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]


class Wrong(Exception):
    """Something differs from what the story claims."""


class Stage:
    """Runs commands in `folder`, tells the story, and counts what was checked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.console = Console(highlight=False)
        self.claims = 0
        self.environment = {**os.environ, "COLUMNS": str(self.console.width - 4)}

    def clear(self) -> None:
        """Begins anew: what an earlier flight left is removed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("keys", "qr", "receipts", "screens"):
            (self.folder / name).mkdir(parents=True)

    def chapter(self, title: str) -> None:
        self.console.rule(Text(title, style="bold cyan"), align="left")

    def say(self, line: str, style: str = "") -> None:
        self.console.print(Text("  " + line, style=style))

    def claim(self, what: str, got: object, expected: object) -> None:
        """Says what holds, or ends the story because it does not."""
        if got != expected:
            raise Wrong(f"{what}: expected {expected!r}, got {got!r}")
        self.claims += 1
        self.say(f"✓ {what}", "green")

    def run(self, command: str, *, status: int = 0, quiet: bool = False, typed: str = "") -> str:
        """`cabinpay COMMAND`, shown and run, `typed` on its standard input; what it printed on standard output."""
        self.console.print(Text(f"  $ cabinpay {command}", style="dim"))
        done = subprocess.run(
            [sys.executable, "-m", "cabinpay_host.cli", *shlex.split(command)],
            cwd=self.folder, input=typed, capture_output=True, text=True, timeout=120, env=self.environment,
        )  # fmt: skip
        if done.returncode != status:
            raise Wrong(f"cabinpay {command} ended with {done.returncode}, not {status}: {done.stderr.strip()}")
        for line in "" if quiet else (done.stdout + done.stderr).rstrip().splitlines():
            self.console.print(Text("    " + line))
        return done.stdout

    def json(self, command: str) -> dict[str, Any]:
        """The JSON object that `cabinpay COMMAND --json` prints."""
        found: dict[str, Any] = json.loads(self.run(command + " --json", quiet=True))
        return found
