"""How a script is run on real MicroPython (unix port)."""

import os
import subprocess

from simulator import HEAP, ROOT
from simulator import micropython as executable


def run(
    *args: str, path: tuple[str, ...] = (), timeout: float = 120, heap: str = HEAP, stdin: str = ""
) -> str:
    """What `micropython args` prints, with firmware/ and `path` importable; RuntimeError with it if that fails."""
    search = ":".join([*path, str(ROOT / "firmware"), ".frozen"])
    done = subprocess.run(
        [executable(), "-X", f"heapsize={heap}", *args],
        input=stdin, capture_output=True, text=True, timeout=timeout, cwd=ROOT,
        env={**os.environ, "MICROPYPATH": search},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"micropython {' '.join(args)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
