"""firmware/package.json and firmware/ed25519/package.json name every file that belongs on a terminal, and no other."""

import json
import re
from pathlib import Path

import pytest

from cabinpay_host.flash import agent, boards

FIRMWARE = boards.FIRMWARE


def files(folder: Path) -> list[str]:
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.suffix in (".py", ".txt", ".bin")]
    return sorted(path.as_posix() for path in found if "generate" not in path.parts and path.name != "main.py")


@pytest.mark.parametrize(("folder", "prefix"), [("", ""), ("ed25519", "ed25519/")])
def test_a_package_names_every_file(folder: str, prefix: str) -> None:
    package = json.loads((FIRMWARE / folder / "package.json").read_text())
    assert sorted(name for _, name in package["urls"]) == files(FIRMWARE / folder), "a file is missing, or gone"
    assert all(target == prefix + name for target, name in package["urls"])
    # mip resolves paths in "deps" against the folder that it is run in: a package lists its own files and no other's
    assert package.keys() == {"urls", "version"}


def test_versions_are_the_agents() -> None:
    for name in ("package.json", "ed25519/package.json"):
        version = json.loads((FIRMWARE / name).read_text())["version"]
        assert f"cabinpay {version}" == agent.version() and re.fullmatch(r"\d+\.\d+\.\d+", version)
