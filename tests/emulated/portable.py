"""Portable tests on the emulated Pico: the same files, sent over its prompt as .mpy, each run by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from cabinpay_host.flash import agent as agents
from emulated.repl import Repl
from pico_emulated.emulator import Pico
from pico_emulated.layout import BOARD

TESTS = Path(__file__).resolve().parents[1]
FOLDER = TESTS / "portable"
# Engines of ed25519 that this chip does not take
OTHERS = {"_plain", "_scalar_viper", "_sha_viper", "_viper"}
# The firmware formats a file system whose size differs from its own, so its own stays empty (blocks 0 and 1): behind
# it lie the code and, from block 256 on, what world.py mounts. Of 4 KB each.
CODE = "rp2.Flash(start=16 * 4096, len=240 * 4096)"
MOUNT = f"import rp2, vfs\nvfs.mount(vfs.VfsLfs2({CODE}, progsize=256), '/code')\n"
# as main.py sets it: what imports leave must not lie between what stays
RUN = MOUNT + "import gc, sys\ngc.threshold(12288)\nsys.path[:] = ['/code', '/code/portable', '.frozen']\n"
PATIENCE = 300
# Bytes a command at the prompt: each costs a turn on the line
CHUNK = 1024
# The others take two minutes of the board's time together; of these each takes as long, or close to it
_LONG = """
device_test_screen test_agent_trust test_clock_rules test_crew test_crew_hostile test_crew_list test_crew_told
test_crew_void test_freeing test_journal test_journal_damage test_pins test_session test_session_statements
test_snapshot
test_terminal test_terminal_faults test_trust_files test_verdict test_verdict_paid test_void_note
"""
LEFT_OUT = dict.fromkeys(_LONG.split(), "takes too long on an emulated chip; it runs on the unix port")
LEFT_OUT |= dict.fromkeys(("test_ed25519", "test_ed25519_engine"), "make emulated runs it, with each engine")


def agent() -> dict[str, bytes]:
    """What is tested, its names as in the source, for tests use private ones; and the vectors; by path on the board."""
    contents = {f"code/{path.as_posix()}": data for path, data in agents.data().items()}
    for path, source in agents.sources():
        if source.stem not in OTHERS:
            contents[f"code/{path.with_suffix('.mpy')}"] = _compiled(source, 3)
    return contents | {f"code/vectors/{path.name}": path.read_bytes() for path in (TESTS / "vectors").glob("*.json")}


def _compiled(source: Path, level: int) -> bytes:
    return agents.compiled(source.read_text(), source.name, BOARD["arch"], level)


def imported(module: str) -> Iterator[str]:
    """Files of the portable suite that `module` needs, itself last; one may come twice."""
    for node in ast.walk(ast.parse((FOLDER / f"{module}.py").read_text())):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name and (FOLDER / f"{name}.py").exists():
                yield from imported(name)
    yield module


class Board:
    """A Pico, emulated or not, with the agent's modules on it and its prompt open."""

    def __init__(self, pico: Pico) -> None:
        self._pico = pico
        self._sent: set[str] = set()
        self._pico.wait_usb()
        self._repl = Repl(self._pico)
        # what an earlier run has mounted
        self._repl.transport.enter_raw_repl(soft_reset=True)
        self._repl.run(f"import rp2, vfs\nvfs.VfsLfs2.mkfs({CODE}, progsize=256)\n{MOUNT}")
        self._install(agent())
        self._repl.transport.fs_mkdir("code/portable")
        self._send("run")

    def _install(self, contents: dict[str, bytes]) -> None:
        transport = self._repl.transport
        for folder in sorted({str(parent) for path in contents for parent in list(Path(path).parents)[:-1]}):
            if not transport.fs_exists(folder):
                transport.fs_mkdir(folder)
        for path, data in contents.items():
            transport.fs_writefile(path, data, chunk_size=CHUNK)

    def _send(self, module: str) -> None:
        for name in imported(module):
            if name not in self._sent:
                code = _compiled(FOLDER / f"{name}.py", 0)
                self._repl.transport.fs_writefile(f"code/portable/{name}.mpy", code)
                self._sent.add(name)

    def run(self, module: str) -> str:
        """What portable/run.py prints of it, begun with an empty heap."""
        self._repl.transport.enter_raw_repl(soft_reset=True)
        self._repl.run(MOUNT)
        self._send(module)
        self._repl.transport.enter_raw_repl(soft_reset=True)
        self._repl.start(f"{RUN}sys.argv[:] = ['', {module!r}]\nimport run\n")
        output: list[bytes] = []
        _, error = self._repl.transport.follow(timeout=PATIENCE, data_consumer=output.append)
        return (b"".join(output) + error).decode()

    def close(self) -> None:
        self._repl.transport.close()
        self._pico.close()
