"""cabinpay vectors: what other implementers compare their bytes with."""

from pathlib import Path
from typing import Annotated

import typer

from . import screen, vectors
from .cli_keys import AsJson
from .errors import Exit, HostError

app = typer.Typer(help="Print the test vectors (JSON), or check another implementer's against them.")


@app.callback(invoke_without_command=True)
def show(context: typer.Context) -> None:
    """Print the test vectors (JSON), or check another implementer's against them."""
    if context.invoked_subcommand is None:
        print(vectors.text(), end="")


@app.command(epilog="Example: cabinpay vectors check mine.json")
def check(
    file: Annotated[Path, typer.Argument(help='JSON: {"objects": [{"name": ..., "encoded": ...}, ...]}.')],
    as_json: AsJson = False,
) -> None:
    """Compare each object of a file with the vector of its name; ends with 7 where one differs or is missing.

    Fields other than `encoded` (sig_structure, text, frame, hashes) and refusals are compared where the file has them.
    """
    rows = vectors.check(file)
    if as_json:
        screen.show_json({"results": [vars(row) for row in rows]})
    else:
        for row in rows:
            print(f"{row.state:<9}  {row.name}" + (f": {row.detail}" if row.detail else ""))
    wrong = sum(row.state != vectors.OK for row in rows)
    if wrong:
        line = f"{wrong} of {len(rows)} differ or are missing; tests/vectors/README.md says how each is made"
        raise HostError("vectors_differ", line, Exit.CHECKS)
