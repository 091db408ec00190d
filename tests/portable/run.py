"""MicroPython's side of the portable suite: run.py MODULE runs every test_* in it, one line of outcome each."""

import sys


def run(module):
    for name in sorted(dir(module)):
        if name.startswith("test_"):
            try:
                getattr(module, name)()
                print("PASS", name)
            except Exception as e:  # noqa: BLE001 -- one failing test must not hide the next
                print("FAIL", name)
                sys.print_exception(e, sys.stdout)


run(__import__(sys.argv[1]))
print("END")
