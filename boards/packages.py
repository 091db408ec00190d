"""make packages: firmware/package.json (the agent and ed25519) and firmware/ed25519/package.json, for mip.

Each lists its own files: what mip finds under "deps" it looks for in the folder that it is run in, or in its index.
"""

from __future__ import annotations

import json
from pathlib import Path

from cabinpay_host.flash import agent
from cabinpay_host.flash.boards import FIRMWARE


def made() -> dict[Path, str]:
    """What the files are to hold."""
    paths = sorted({path.as_posix() for path, _ in agent.sources()} | {path.as_posix() for path in agent.data()})
    own = [path for path in paths if path.startswith("ed25519/")]
    return {
        FIRMWARE / "package.json": _package({path: path for path in paths}),
        FIRMWARE / "ed25519/package.json": _package({path: path.split("/", 1)[1] for path in own}),
    }


def _package(urls: dict[str, str]) -> str:
    """urls: where a file goes, and where it is beside the package."""
    lines = ",\n".join(f"    {json.dumps(pair)}" for pair in urls.items())
    return f'{{\n  "urls": [\n{lines}\n  ],\n  "version": "{agent.version().split(" ")[1]}"\n}}\n'


if __name__ == "__main__":
    for file, text in made().items():
        file.write_text(text)
