"""Portable tests on a processor under qemu: the same files, as .mpy for it, each run by itself at one prompt."""

from __future__ import annotations

from pathlib import Path

from cabinpay_host.flash import agent as agents
from emulated.portable import FOLDER, TESTS, imported
from qemu.processor import Processor

PATIENCE = 300
# Engines of ed25519 that this processor does not take
ENGINE_FILES = {
    "m33": {"_plain", "_scalar_viper", "_sha_viper", "_viper"},
    "rv32": {"_plain", "_scalar_thumb", "_sha_thumb", "_thumb", "_umaal"},
}
# These ports have no random numbers, and nothing here asks for more than a name that is not taken
OS = b"""
from uos import *
_last = [0]
def urandom(size):
    _last[0] += 1
    return _last[0].to_bytes(size, "big")
"""
BEGIN = """
import gc, sys, vfs
try:
    vfs.umount('/w')
except OSError:
    pass
for name in list(sys.modules):
    if name != '__main__':
        sys.modules.pop(name)
gc.collect()
sys.path[:] = ['/code', '/code/portable']
"""


class Board:
    """A processor with the agent's modules in its RAM file system."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self._sent: set[str] = set()
        for path, data in agents.data().items():
            processor.put(f"code/{path.as_posix()}", data)
        for path, source in agents.sources():
            if source.stem not in ENGINE_FILES[processor.name]:
                processor.put(f"code/{path.with_suffix('.mpy')}", self._compiled(source, 3))
        for path in (TESTS / "vectors").glob("*.json"):
            processor.put(f"code/vectors/{path.name}", path.read_bytes())
        processor.put("code/os.py", OS)
        processor.put("code/portable/run.py", (FOLDER / "run.py").read_bytes())

    def _compiled(self, source: Path, level: int) -> bytes:
        return agents.compiled(source.read_text(), source.name, self._processor.arch, level)

    def run(self, module: str) -> str:
        """What portable/run.py prints of it."""
        for name in imported(module):
            if name not in self._sent:
                self._processor.put(f"code/portable/{name}.mpy", self._compiled(FOLDER / f"{name}.py", 0))
                self._sent.add(name)
        prompt = self._processor.prompt
        prompt.start(f"{BEGIN}sys.argv[:] = ['', {module!r}]\nimport run\n")
        out, error = prompt.transport.follow(timeout=PATIENCE)
        return (out + error).decode()
