"""One board from what it is to a terminal that answers: steps that can be told before they are taken, and taken again.

Codes: wrong_board, wrong_micropython, layout, not_synced, needs_recovery, no_answer, mip_index, and those of the parts.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import Exit, HostError
from ..keys import Key
from ..link import Hello
from . import agent, approach, boards, image, slots, write
from .boards import Board
from .prompt import Facts, Prompt

_VERSION_BYTE = 1
_BOOTLOADER = "import machine; machine.bootloader()"
BOOTLOADER_SECONDS = 30
_LIB = "import os; print('lib' in os.listdir('/') and any(n.startswith({name!r}) for n in os.listdir('/lib')))"
# hours are 24, the oscillator's stop flag is cleared
_SET_CLOCK = """
from machine import I2C, Pin
bcd = bytes((v // 10 << 4) + v % 10 for v in {values!r})
i2c = I2C({id}, sda=Pin({sda}), scl=Pin({scl}))
i2c.writeto_mem(0x68, 0, bcd)
i2c.writeto_mem(0x68, 15, bytes(1))
"""
_NO_PROGRESS: Callable[[int], None] = lambda _: None  # noqa: E731


@dataclass
class Options:
    """image: MicroPython from a file; ground: opens the prompt of a terminal in service; index: mip's, if not its own;
    firmware: the agent's sources."""

    image: Path | None = None
    oled: bool = False
    rtc: bool = False
    ground: Key | None = None
    unsynced: bool = False
    index: str | None = None
    firmware: Path = boards.FIRMWARE


class Job:
    """port: None where a bare board has none; board: None where its firmware is to tell; say: takes a line for people;
    bar(total) -> told of bytes done."""

    def __init__(self, port: str | None, board: str | None, options: Options, say: Callable[[str], None],
                 bar: Callable[[int], Callable[[int], None]] = lambda _: _NO_PROGRESS) -> None:  # fmt: skip
        self.port = port
        self.options = options
        self.board = self._load(board) if board else None
        self.hello: Hello | None = None
        self.say = say
        self._bar = bar
        self._prompt: Prompt | None = None
        self._facts: Facts | None = None
        self._done = False
        self._contents: dict[str, bytes] = {}

    def _load(self, name: str) -> Board:
        return boards.load(name, self.options.oled, self.options.rtc)

    @property
    def known(self) -> Board:
        """The board; HostError board_unsure where nothing has told it."""
        if self.board is None:
            raise boards.unsure()
        return self.board

    def steps(self) -> Iterator[tuple[Callable[[], str], Callable[[], None]]]:
        """(what it is, how it is done) in order; the text is asked for when its turn comes."""
        yield self._told_look, self._look
        yield self._told_micropython, self._micropython
        yield self._told_compile, self._compile
        yield self._told_copy, self._copy
        if self.board and self.board.oled:
            yield self._told_driver, self._driver
        if self.options.rtc:
            yield lambda: "set the DS3231 to this computer's clock", self._clock
        yield lambda: "start the board anew and say hello over the link", self._start

    def run(self) -> Hello:
        """Takes every step; what is done already is not done again."""
        try:
            for text, act in self.steps():
                if not self._done:
                    self.say(text())
                    act()
        finally:
            if self._prompt:
                self._prompt.close()
        assert self.hello is not None
        return self.hello

    def dry_run(self) -> None:
        """Says every step and touches no board. The agent is compiled, for that can fail."""
        self._compile()
        for text, _ in self.steps():
            self.say(text())

    def _told_look(self) -> str:
        where = self.port or "a board without a port"
        return f"look at {where}: refuse unsynced receipts, lost keys, another board or storage layout"

    def _told_micropython(self) -> str:
        file = str(self.options.image or self.known.install["url"])
        name = file.rsplit("/", 1)[-1]
        how = " ".join(Path(w).name if w == sys.executable else w for w in write.command(self.known, name, self.port))
        if self.known.install["kind"] == "uf2":
            how = f"copy to drive {self.known.install['drive']}, or {how}"
        return f"MicroPython {self.known.data['micropython']} unless it is there, from {file}: {how}"

    def _told_compile(self) -> str:
        return f"compile {agent.version(self.options.firmware)} for {self.known.arch} with mpy-cross"

    def _told_copy(self) -> str:
        size = sum(map(len, self._contents.values()))
        return f"copy what has changed of {len(self._contents)} files, {size} bytes, to the free slot; check; rename"

    def _told_driver(self) -> str:
        return "driver of the display: " + " ".join(["mpremote", *self._mip()])

    def _look(self) -> None:
        if self.port is None:
            return
        approach.remember(self.port)
        found = approach.prompt_or_hello(self.port)
        if isinstance(found, Prompt):
            self._prompt = found
        elif found:
            self._prompt = approach.open_prompt(
                self.port, self.board, found, self.options.ground, self.options.unsynced
            )
            if self._prompt is None:
                self.say(f"{found.label} runs {found.agent} already; name --ground to compare every file")
                self.hello, self._done = found, True
        elif self.known.install["kind"] == "uf2":
            line = f"{self.port} answers neither with a prompt nor as a terminal. Plug it in again; if it stays so,"
            raise HostError("no_answer", f"{line} with BOOTSEL held, and flash it again", Exit.TERMINAL)
        if self._prompt:
            self._judge(self._prompt)

    def _judge(self, prompt: Prompt) -> None:
        """Refuses what must not be flashed, before anything is changed."""
        facts = self._facts = prompt.facts()
        if self.board is None:
            self.board = self._load(boards.by_machine(facts.machine))
        if facts.machine != self.board.machine:
            line = f"this is a {facts.machine}, no {self.board.data['title']}: name the right --board, or take another"
            raise HostError("wrong_board", line, Exit.REFUSED)
        if prompt.lost_its_keys(facts):
            raise write.recovery(self.board, self.port)
        if facts.has_keys and facts.storage != self.board.storage[1]:
            line = "its MicroPython keeps files elsewhere than this board's image: sync it, take a dump, erase it"
            raise HostError("layout", line, Exit.REFUSED)
        if not self.options.unsynced and prompt.unsynced(facts):
            raise approach.not_synced()

    def _micropython(self) -> None:
        if self._prompt and self._facts and not self._to_replace(self._facts):
            self.say(f"MicroPython {self._facts.version} is there")
        else:
            self._install(image.get(self.known, self.options.image))
        self._check_mpy()

    def _to_replace(self, facts: Facts) -> bool:
        if self.options.image:
            wanted = image.get(self.known, self.options.image).version
        else:
            wanted = self.known.data["micropython"] if not facts.has_keys else facts.version
        if facts.version != wanted and self._prompt and self._prompt.unsynced(facts):
            line = "MicroPython is not replaced under receipts that no ledger has: sync first"
            raise HostError("not_synced", line, Exit.REFUSED)
        return bool(facts.version != wanted)

    def _install(self, found: image.Image) -> None:
        before = {port for port, _ in boards.ports()}
        self.say(f"{found.path.name}, SHA-256 {found.sha256}")
        if self._prompt and self.known.install["kind"] == "uf2":
            self._to_bootloader(self._prompt)
            before.discard(str(self.port))
        elif self._prompt:
            self._prompt.close()
        write.write(self.known, found, self.port, self.say)
        self._prompt = approach.again(lambda: Prompt(self._new_port(before)), approach.START_SECONDS)
        self._judge(self._prompt)

    def _to_bootloader(self, prompt: Prompt) -> None:
        try:
            prompt.run(_BOOTLOADER)
        except HostError as e:
            if e.code != "prompt_lost":
                raise
        prompt.close()
        drive = self.known.install["drive"]
        write.wait_for(lambda: write.find_drive(drive) is not None, BOOTLOADER_SECONDS, f"drive {drive} does not come")

    def _new_port(self, before: set[str]) -> str:
        if self.known.install["kind"] == "uf2":
            new = [port for port, fitting in boards.ports() if port not in before and self.known.name in fitting]
            if not new:
                raise HostError("port_missing", "the board has not come back with MicroPython", Exit.TERMINAL)
            self.port = new[0]
            approach.remember(self.port)
        assert self.port is not None
        return self.port

    def _check_mpy(self) -> None:
        assert self._facts is not None
        made = agent.compiled("", "x", self.known.arch)[_VERSION_BYTE]
        if self._facts.mpy != made:
            line = f"MicroPython {self._facts.version} takes .mpy {self._facts.mpy}, mpy-cross makes {made}"
            raise HostError("wrong_micropython", f"{line}: put the pinned image on it", Exit.REFUSED)

    def _compile(self) -> None:
        self._contents = agent.files(self.known, self.options.firmware)

    def _copy(self) -> None:
        assert self._prompt and self._facts
        plan = slots.plan(self._prompt, self._contents, self._prompt.facts())
        if plan.nothing:
            self.say("every file is there already")
        else:
            total = sum(len(self._contents[path]) for path in plan.write + plan.copy)
            slots.fill(self._prompt, self._contents, plan, self._bar(total))
            slots.verify(self._prompt, self._contents, plan.target)
            slots.activate(self._prompt, plan.target)
            self.say(f"{plan.target}: {len(plan.write)} files sent, {len(plan.copy)} copied there, all checked")
        slots.clear(self._prompt, plan.target)

    def _mip(self) -> list[str]:
        index = ["--index", self.options.index] if self.options.index else []
        port = self.port or "PORT"
        return ["connect", port, "resume", "mip", "install", "--target", "/lib", *index, boards.OLED_PACKAGE]

    def _driver(self) -> None:
        assert self._prompt and self.port
        if self._prompt.run(_LIB.format(name=boards.OLED_PACKAGE)):
            self.say(f"{boards.OLED_PACKAGE} is there")
            return
        self._prompt.close()
        done = subprocess.run([sys.executable, "-m", "mpremote", *self._mip()], capture_output=True, check=False)
        if done.returncode:
            line = f"mip cannot get {boards.OLED_PACKAGE}: flash where its index is reached, or name a copy: --index"
            raise HostError("mip_index", line, Exit.INPUT)
        self._prompt = Prompt(self.port)

    def _clock(self) -> None:
        assert self._prompt
        now, i2c = time.gmtime(), self.known.data["i2c"]
        values = (now.tm_sec, now.tm_min, now.tm_hour, now.tm_wday + 1, now.tm_mday, now.tm_mon, now.tm_year % 100)
        self._prompt.run(_SET_CLOCK.format(values=values, **i2c))

    def _start(self) -> None:
        assert self._prompt and self.port
        self._prompt.reset()
        self.hello = approach.hello(self.port)
