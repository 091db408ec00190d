#!/usr/bin/env bash
# The core from its source: thumb.wasm beside this is what it makes with the compiler of PyPI's ziglang, which it keeps in
# build/zig. thumb.sha256 says which source it was made from.
set -euo pipefail
cd "$(dirname "$0")"
zig=$PWD/../../../build/zig
export ZIG_GLOBAL_CACHE_DIR=$zig/cache ZIG_LOCAL_CACHE_DIR=$zig/cache
[ -d "$zig/ziglang" ] || python3 -m pip install -q --disable-pip-version-check --target "$zig" ziglang==0.17.1
"$zig/ziglang/zig" cc -target wasm32-freestanding -O3 -std=c11 -nostdlib -Wall -Wno-parentheses -Wl,--no-entry -Wl,--strip-all \
  -Wl,-z,stack-size=4096 -o thumb.wasm thumb.c
sha256sum thumb.c thumb.wasm > thumb.sha256
