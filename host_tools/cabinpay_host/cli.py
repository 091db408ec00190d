"""The command `cabinpay`: mounts the groups of commands and turns every expected failure into one line.

Exit codes: 0 done, 1 nobody reads the output, 2 usage, 3 bad input, 4 refused, 5 terminal or port, 6 storage,
7 checks failed, 130 interrupted. A command raises HostError and prints nothing about its failure itself.
"""

import io
import os
import sys
from typing import NoReturn, cast

import typer

from . import (
    cli_books,
    cli_bundle,
    cli_emulate,
    cli_enrol,
    cli_flash,
    cli_gateway,
    cli_inspect,
    cli_keys,
    cli_ledger,
    cli_office,
    cli_recover,
    cli_sync,
    cli_terminal,
    cli_vectors,
    cli_wallet,
    screen,
)
from .errors import Exit, HostError

INTERRUPTED = 130
# The class above BadParameter, to which Typer gives no name of its own
_UsageError = cast(type[typer.BadParameter], typer.BadParameter.__mro__[1])

app = typer.Typer(
    help="Cabinpay's ground tool: keys, trust bundles, passes, terminals and the ledger.",
    epilog="Begin with: cabinpay keys new root airline --folder keys",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
# Each group lives in its own cli_NAME.py, as `app`, or as a function where it is one command; mount new ones here.
app.add_typer(cli_keys.app, name="keys")
app.add_typer(cli_bundle.app, name="bundle")
app.command("enrol")(cli_enrol.enrol)
app.add_typer(cli_wallet.app, name="wallet")
app.command("flash")(cli_flash.flash)
app.command("hello")(cli_terminal.hello)
app.command("provision")(cli_terminal.provision_)
app.command("sync")(cli_sync.sync)
app.command("gateway")(cli_gateway.gateway)
app.command("network")(cli_gateway.network)
app.command("maintenance")(cli_terminal.maintenance)
app.command("log")(cli_terminal.log)
app.command("dump")(cli_terminal.dump_)
app.command("recover")(cli_recover.recover)
cli_books.mount(cli_ledger.app)
cli_office.mount(cli_ledger.app)
app.add_typer(cli_ledger.app, name="ledger")
app.command("emulate")(cli_emulate.emulate)
app.command("inspect", epilog="Example: cabinpay inspect payment.png --bundle 9C.bundle")(cli_inspect.inspect)
app.add_typer(cli_vectors.app, name="vectors")


def main(argv: list[str] | None = None) -> NoReturn:
    """Runs one command and exits the process with its code; argv: arguments without the program's name."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
        print(end="", flush=True)
    except HostError as e:
        code = _complain(e.code, e.line, e.exit_code)
    except BrokenPipeError:
        code = _close_output()
    except OSError as e:
        _close_output()
        code = _complain("storage", f"{os.strerror(e.errno or 0)}; make room, or write elsewhere", Exit.STORAGE)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    sys.exit(code)


def _run(argv: list[str]) -> int:
    try:
        "".join(argv).encode()
    except UnicodeEncodeError:
        raise HostError("usage", "an argument holds bytes that are no UTF-8; rename the file or value", 2) from None
    try:
        code = app(argv or ["--help"], prog_name="cabinpay", standalone_mode=False)
    except _UsageError as e:
        context = getattr(e, "ctx", None)
        command = context.command_path if context else "cabinpay"
        raise HostError("usage", f"{e.format_message().rstrip('.')}; see {command} --help", Exit.USAGE) from None
    return code if isinstance(code, int) else 0


def _complain(code: str, line: str, exit_code: int) -> int:
    screen.note(f"cabinpay: {code}: {screen.plain(line)}")
    return exit_code


def _close_output() -> int:
    """Lets go of an output that takes no more, so that Python's own flush at exit does not complain about it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


if __name__ == "__main__":
    main()
