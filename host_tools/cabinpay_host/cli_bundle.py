"""cabinpay bundle: what terminals trust."""

import datetime
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cabinpay.wire.cbor import MAX_SIZE

from . import bundle, bundle_check, bundle_diff, bundle_files, bundle_text, cli_crew, files, keys, screen
from .cli_enrol import read_date
from .cli_keys import AsJson
from .errors import Exit, HostError

app = typer.Typer(help="Delegate to bundle keys; make and look at trust bundles.")

app.add_typer(cli_crew.app, name="crew")

Roots = Annotated[list[Path], typer.Option("--root", help="A root's .pub file; once for each pinned root.")]


@app.command(
    epilog="Example: cabinpay bundle delegate --root root.key --to day.pub --until 2027-12-31 --serial 1 --out day.cose"
)
def delegate(
    root: Annotated[Path, typer.Option(help="The root's .key file.")],
    to: Annotated[Path, typer.Option(help="The bundle key's .pub file.")],
    until: Annotated[str, typer.Option(help="The first moment (UTC) of this day ends it.", metavar="YYYY-MM-DD")],
    serial: Annotated[int, typer.Option(help="Rises with every delegation.")],
    out: Annotated[Path, typer.Option(help="The delegation; never overwrites a file.")],
) -> None:
    """Let a bundle key sign bundles until a day. Done offline, with the root key, a few times a year."""
    end = datetime.datetime.combine(read_date(until), datetime.time(), datetime.UTC)
    if end.timestamp() <= time.time():
        raise HostError("delegation_bad", "a delegation ends on a day to come", Exit.USAGE)
    key = keys.load_secret(root, "root")
    public = keys.load_public(to, "bundle").public
    files.create(out, bundle.make_delegation(key, public, int(end.timestamp()), serial))


@app.command(
    epilog="Example: cabinpay bundle make 9C.toml --key day.key --delegation day.cose --root root.pub --out 9C.bundle"
)
def make(
    spec: Annotated[Path, typer.Argument(help="What the bundle says; cabinpay bundle example prints one.")],
    key: Annotated[Path, typer.Option(help="The bundle key's .key file.")],
    delegation: Annotated[Path, typer.Option(help="What cabinpay bundle delegate wrote.")],
    root: Roots,
    out: Annotated[Path, typer.Option(help="The bundle; takes the place of an older version only.")],
) -> None:
    """Sign a trust bundle, check it as a terminal will, and put it in place by one rename, its files in OUT.d/."""
    word = files.read(delegation, MAX_SIZE)
    signer = keys.load_secret(key, "bundle")
    bundle.write(out, *bundle.make_with_files(spec, signer, word, _roots(root), int(time.time())))
    screen.note(f"{out}: look at it with cabinpay bundle show")


@app.command(epilog="Example: cabinpay bundle show 9C.bundle --root root.pub --json")
def show(
    file: Annotated[Path, typer.Argument(help="A bundle.")],
    root: Annotated[list[Path] | None, typer.Option(help="A root's .pub file, to check signatures by.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a bundle says; with --root, check both signatures first."""
    data = files.read(file, MAX_SIZE)
    content = bundle.open_checked(data, _roots(root)) if root else bundle.peek(data)
    if as_json:
        screen.show_json({**bundle_text.record(*content), "checked": bool(root)})
        return
    word = "signatures hold" if root else "signatures NOT checked: give --root"
    Console().print(f"{bundle_text.describe(*content)}\n{word}", markup=False, soft_wrap=True)


@app.command(epilog="Example: cabinpay bundle check 9C.bundle --root root.pub --root next.pub")
def check(
    file: Annotated[Path, typer.Argument(help="A bundle, its files in FILE.d/ beside it.")],
    root: Roots,
    as_json: AsJson = False,
) -> None:
    """Check a bundle before it goes to a fleet: signatures, times, files; warn of gaps between old keys and new."""
    now = int(time.time())
    delegation, content = bundle.open_checked(files.read(file, MAX_SIZE), _roots(root))
    errors = bundle_check.faults(file, content, delegation, now)
    warned = bundle_check.warnings(content, delegation, now)
    if as_json:
        screen.show_json(bundle_check.record(errors, warned, content))
    else:
        lines = [f"fault: {line}" for line in errors] + [f"warning: {line}" for line in warned]
        lines = lines or [f"bundle {content.version}: signatures, times and files hold; no gap between keys"]
        Console().print("\n".join(lines), markup=False, soft_wrap=True)
    if errors:
        line = f"{file} has {len(errors)} faults, see above; terminals would refuse it. Make it again."
        raise HostError("bundle_faults", line, Exit.CHECKS)


@app.command(epilog="Example: cabinpay bundle diff yesterday.bundle 9C.bundle")
def diff(
    old: Annotated[Path, typer.Argument(help="The bundle before.")],
    new: Annotated[Path, typer.Argument(help="The bundle after.")],
    as_json: AsJson = False,
) -> None:
    """Say in words what changes from one bundle to another, and in their files where those lie beside them."""
    pair = [bundle.peek(files.read(path, MAX_SIZE)) for path in (old, new)]
    lines = bundle_diff.diff(*(bundle_text.record(*content) for content in pair))
    if all(bundle_files.folder_of(path).is_dir() for path in (old, new)):
        lines += bundle_diff.files(*(bundle_files.load(p, c[1].files) for p, c in zip((old, new), pair, strict=True)))
    if as_json:
        screen.show_json({"changes": lines})
        return
    Console().print("\n".join(lines or ["nothing but the signature differs"]), markup=False, soft_wrap=True)


@app.command()
def example() -> None:
    """Print a bundle.toml to begin with."""
    print(bundle.EXAMPLE, end="")


def _roots(paths: list[Path]) -> list[bytes]:
    return [keys.load_public(path, "root").public for path in paths]
