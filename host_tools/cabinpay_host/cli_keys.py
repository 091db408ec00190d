"""cabinpay keys: key files of the ground."""

from pathlib import Path
from typing import Annotated

import typer

from . import certificate, files, keys, screen

app = typer.Typer(help="Make and look at key files.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object for programs.")]


@app.command(epilog="Example: cabinpay keys new issuer platform-2027 --folder keys")
def new(
    role: Annotated[str, typer.Argument(help="One of root, bundle, issuer, ground, ledger. A key has one role.")],
    name: Annotated[str, typer.Argument(help="Files are NAME.key and NAME.pub.")],
    folder: Annotated[Path, typer.Option(help="Where to; made where it is missing.")] = Path(),
) -> None:
    """Make NAME.key (secret, keep it) and NAME.pub (give it away). Never overwrites a file."""
    files.make_folder(folder)
    key = keys.create(folder, role, name)
    screen.note(f"{folder / name}.key holds the secret: keep it offline and in a backup; {name}.pub is for others")
    print(key.kid.hex())


@app.command(epilog="Example: cabinpay keys gateway gate-2027 --folder keys")
def gateway(
    name: Annotated[str, typer.Argument(help="Files are NAME.crt and NAME.pem.")],
    folder: Annotated[Path, typer.Option(help="Where to; made where it is missing.")] = Path(),
) -> None:
    """Make a gateway's certificate NAME.crt and its secret NAME.pem; print what a bundle's [gateway] pins it by."""
    files.make_folder(folder)
    keys.check_name(name)
    pin = certificate.create(folder, name)
    screen.note(f"{folder / name}.pem holds the secret; terminals are given {name}.crt and pin it by this:")
    print(pin.hex())


@app.command(epilog="Example: cabinpay keys show keys/platform-2027.pub --json")
def show(file: Annotated[Path, typer.Argument(help="A .key or .pub file.")], as_json: AsJson = False) -> None:
    """Show role, kid and public key of a key file, and check it. Never shows a secret."""
    key = keys.load(file)
    record = {"role": key.role, "kid": key.kid.hex(), "public": key.public.hex(), "secret": isinstance(key, keys.Key)}
    screen.show(record, as_json)
