#!/usr/bin/env bash
# usage: setup.sh PYTHON VENV -- the checkout's own virtual environment; says what is missing and which package brings it.
set -euo pipefail
python=$1 venv=$2
die() { printf 'cabinpay: %s\n' "$1" >&2; exit 1; }

command -v "$python" >/dev/null || die "$python not found. Install Python 3.11 or newer (Debian, Ubuntu: apt install python3)."
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' ||
  die "$("$python" --version) is not supported: MicroPython's unix wheels exist for CPython 3.11 to 3.14. Try: make PYTHON=python3.12"
case "$(uname -sm)" in
  "Linux x86_64" | "Darwin arm64") ;;
  *) die "$(uname -sm) is not supported: MicroPython's unix wheels exist for Linux x86-64 (glibc 2.28 or newer) and macOS arm64." ;;
esac
"$python" -c 'import ensurepip, venv' 2>/dev/null || die "Python's venv module is missing (Debian, Ubuntu: apt install python3-venv)."

trap 'die "interrupted; run make again"' INT
log=$(mktemp) && trap 'rm -f "$log"' EXIT
echo "cabinpay: setting up $venv (once; dependencies come from PyPI) ..."
# A half-made environment (Ctrl-C, a full disk) has no .ready stamp: make it anew rather than trust it.
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test]' >"$log" 2>&1 ||
  { tail -n 5 "$log" >&2; die "pip could not install the dependencies (above). Is PyPI, or your mirror of it, reachable? Then run make again."; }
