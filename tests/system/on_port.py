"""A board on a port of this machine: make hil BOARD=pico PORT=/dev/ttyACM0. Its files are wiped for every terminal that
a test begins, so a board in service is refused. Nobody presses its keys, sees its screen or pulls its plug here: tests
that need that are skipped, and the screens waited for are told by what the agent says of itself."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cabinpay_host import keys
from cabinpay_host.errors import Exit, HostError
from cabinpay_host.flash import approach, boards
from cabinpay_host.flash.job import Job, Options
from cabinpay_host.flash.prompt import Facts, Prompt
from cabinpay_host.link import Link
from cabinpay_host.transport import SerialStream

CAN = {"prompt"}
WAIT = 20.0
# what the agent says while it shows this screen
STATES = {"stopped": "blank", "sign_on": "ready"}
# receipts in raw flash count as a terminal's that has lost its keys, and the agent is not put over them
_WIPE = """
import rp2, vfs
vfs.umount("/")
device, block = rp2.Flash(), bytearray(4096)
for number in range(device.ioctl(4, 0)):
    device.readblocks(number, block)
    if b"CPR2" in block:
        device.ioctl(6, number)
vfs.VfsLfs2.mkfs(device, progsize=256)
vfs.mount(vfs.VfsLfs2(device, progsize=256), "/")
"""


def opened(port: str, board: str, keeper: Path | None = None) -> Prompt:
    """The board's prompt; keeper: key file of who may open it, where a test has put it into service."""
    found = approach.prompt_or_hello(port)
    if isinstance(found, Prompt):
        return found
    if found is None:
        raise HostError("no_answer", f"{port} answers neither with a prompt nor as a terminal", Exit.TERMINAL)
    ground = keys.load_secret(keeper, "ground") if keeper and keeper.exists() else None
    prompt = approach.open_prompt(port, boards.load(board), found, ground, True)
    if prompt is None:
        raise _in_service(port)
    return prompt


def _in_service(port: str) -> HostError:
    line = f"{port} is a terminal in service, and tests wipe their board: take another one, or erase its flash"
    return HostError("in_service", line, Exit.REFUSED)


def wiped(port: str, board: str, keeper: Path | None = None) -> Facts:
    """What the firmware says of itself; the prompt stays open, over an empty file system."""
    prompt = opened(port, board, keeper)
    try:
        facts = prompt.facts()
        if facts.has_keys and keeper is None:
            raise _in_service(port)
        prompt.run(_WIPE)
    finally:
        prompt.close()
    return facts


class Terminal:
    """A blank one, whichever file its flash would be."""

    port = ""
    board = ""
    _keeper: Path | None = None

    def __init__(self, flash: Path) -> None:
        wiped(self.port, self.board, self._keeper)
        # where this test's ground has its keys: the next one opens the prompt with them
        Terminal._keeper = flash.parent / "keeper.key"
        Job(self.port, self.board, Options(), lambda _: None).run()

    @classmethod
    def leave(cls) -> None:
        """Nothing of the last test stays on the board, for the next run would not open its prompt."""
        wiped(cls.port, cls.board, cls._keeper)

    def now(self) -> float:
        return time.time()

    @property
    def alive(self) -> bool:
        return self._state() in STATES.values()

    def _state(self) -> str:
        with SerialStream(self.port) as stream:
            return Link(stream, wait=WAIT).hello(WAIT).state

    def wait(self, name: str, code: str = "", since: int = 0, timeout: float = WAIT) -> dict[str, Any]:
        """Returns when the agent says what goes with this screen; at once for `notice`, after which a prompt is asked
        for anyway."""
        end = time.monotonic() + timeout
        while name != "notice" and self._state() != STATES[name]:
            if time.monotonic() > end:
                raise TimeoutError(f"{self._state()}, not yet what it is at {name}")
        return {"screen": name}

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def pico(port: str) -> Any:
    """What portable.Board asks of an emulated one."""
    return SimpleNamespace(
        port=port, wait_usb=lambda: None, run=lambda ms: time.sleep(ms / 1000), close=lambda: None
    )
