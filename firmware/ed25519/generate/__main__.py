"""python -m generate [FOLDER], from the package's folder: writes the generated files; a test compares them."""

from __future__ import annotations

import sys
from pathlib import Path

from . import data, thumb_field, thumb_scalar, thumb_sha, umaal, viper

FILES = {
    "_data.py": data.numbers,
    "_tables.py": data.tables,
    "_viper.py": viper.source,
    "_thumb.py": thumb_field.source,
    "_umaal.py": umaal.source,
    "_sha_thumb.py": thumb_sha.source,
    "_scalar_thumb.py": thumb_scalar.source,
}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    for name, source in FILES.items():
        (folder / name).write_text(source())


if __name__ == "__main__":
    main()
