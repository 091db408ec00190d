"""MicroPython on a processor under qemu, its prompt on a pty. Time there is instructions: one a nanosecond."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from emulated.repl import Repl

ENGINES = {"m33": "umaal", "rv32": "viper"}
CACHE = Path(__file__).resolve().parents[2] / "build" / "qemu"
_COUNT = "import machine\ndef count():\n    return "
# -march of its .mpy; emulator and machine; what reads a counter of instructions, to the nearest 50 or 100
PROCESSORS = {
    "m33": (
        "armv7emsp",
        ("qemu-system-arm", "-machine", "mps2-an505"),
        f"{_COUNT}(0xFFFFFF - machine.mem32[0xE000E018]) * 50\n"
        "machine.mem32[0xE000E014], machine.mem32[0xE000E010] = 0xFFFFFF, 5",
    ),
    "rv32": (
        "rv32imc",
        ("qemu-system-riscv32", "-machine", "virt", "-bios", "none"),
        f"{_COUNT}machine.mem32[0x0200BFF8] * 100",
    ),
}
# Files in RAM: these ports have no file system
_FILES = """
import io, vfs
files = {}
scratch = io.BytesIO(98 * 4096)
class Large:  # io.BytesIO would copy it
    def __init__(self, data):
        self.rest = memoryview(data)
    def read(self, size):
        piece, self.rest = bytes(self.rest[:size]), self.rest[size:]
        return piece
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
class Ram:
    def mount(self, readonly, mkfs):
        pass
    def umount(self):
        pass
    def chdir(self, path):
        pass
    def stat(self, path):
        path = path.strip("/")
        if path in files:
            return (0x8000, 0, 0, 0, 0, 0, len(files[path]), 0, 0, 0)
        if [name for name in files if name.startswith(path + "/")]:
            return (0x4000,) + 9 * (0,)
        raise OSError(2)
    def remove(self, path):
        files.pop(path.strip("/"), None)
    def open(self, path, mode):
        path = path.strip("/")
        if "w" in mode:  # a file without a name that a test makes a file system in, one at a time
            scratch.seek(0)
            return scratch
        if path not in files:
            raise OSError(2)
        if len(files[path]) > 65536:
            return Large(files[path])
        return io.BytesIO(files[path]) if "b" in mode else io.StringIO(files[path].decode())
vfs.mount(Ram(), "/")
"""


def missing() -> str:
    """Why none can be started, or nothing."""
    absent = [name for name in PROCESSORS if not (CACHE / name / "firmware.elf").exists()]
    absent += [command[0] for _, command, _ in PROCESSORS.values() if not shutil.which(command[0])]
    return f"not there: {', '.join(absent)}; run: make qemu-images" if absent else ""


class Processor:
    def __init__(self, name: str) -> None:
        self.name = name
        self.arch, command, counter = PROCESSORS[name]
        image = CACHE / name / "firmware.elf"
        # one instruction is a nanosecond of the machine's time
        timing = ("-icount", "shift=0,sleep=off")
        rest = ("-nographic", "-monitor", "null", "-semihosting", "-serial", "pty", "-kernel", str(image))
        self._process = subprocess.Popen([*command, *timing, *rest], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self._process.stdout
        self.port = self._process.stdout.readline().decode().split()[4]
        self.prompt = Repl(self)
        self.prompt.run(_FILES + counter)

    def put(self, path: str, data: bytes) -> None:
        # its place at once: one that grows leaves its former selves all over the heap
        self.prompt.run(f"files[{path!r}] = bytearray({len(data)})")
        for at in range(0, len(data), 512):
            self.prompt.run(f"files[{path!r}][{at}:{at + 512}] = {data[at : at + 512]!r}")

    def __enter__(self) -> Processor:
        return self

    def __exit__(self, *_: object) -> None:
        self.prompt.__exit__()
        assert self._process.stdout
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()
