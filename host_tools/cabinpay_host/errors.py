"""What goes wrong on the host, said in one line.

The command line prints `line` without a traceback and ends with `exit_code`:

| exit code | class of trouble |
| --- | --- |
| 0 | done |
| 2 | usage: the command was not written as it should be |
| 3 | bad input: a file, key, bundle or value that is not what it should be |
| 4 | refused: understood, and not allowed |
| 5 | terminal or port: nothing answers, or something else does |
| 6 | ledger or storage: locked, full, missing, read-only, damaged |
| 7 | checks failed: everything ran, and something does not add up |
"""

from enum import IntEnum


class Exit(IntEnum):
    USAGE = 2
    INPUT = 3
    REFUSED = 4
    TERMINAL = 5
    STORAGE = 6
    CHECKS = 7


class HostError(Exception):
    """code: stable, snake_case; line: one line for people that says what to do; exit_code: see the table above."""

    def __init__(self, code: str, line: str, exit_code: int) -> None:
        super().__init__(f"{code}: {line}")
        self.code = code
        self.line = line
        self.exit_code = int(exit_code)
