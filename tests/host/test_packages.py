"""firmware/package.json and firmware/ed25519/package.json name every file that belongs on a terminal, and no other."""

import json
from pathlib import Path

import pytest

import packages
from cabinpay_host.flash.boards import FIRMWARE


@pytest.mark.parametrize("path", packages.made(), ids=str)
def test_packages_are_what_lies_there(path: Path) -> None:
    assert path.read_text() == packages.made()[path], "run: make packages"


@pytest.mark.parametrize(("folder", "prefix"), [("", ""), ("ed25519", "ed25519/")])
def test_a_package_names_every_file(folder: str, prefix: str) -> None:
    package = json.loads((FIRMWARE / folder / "package.json").read_text())
    found = [path.relative_to(FIRMWARE / folder) for path in (FIRMWARE / folder).rglob("*.*")]
    there = {p.as_posix() for p in found if p.suffix in (".py", ".txt", ".bin") and "generate" not in p.parts}
    assert {name for _, name in package["urls"]} == there - {"main.py", "start.py"}
    assert all(target == prefix + name for target, name in package["urls"])
    assert package.keys() == {"urls", "version"}
