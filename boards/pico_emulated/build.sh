#!/usr/bin/env bash
# usage: build.sh FOLDER -- MicroPython 1.25.0 for RPI_PICO, unpatched, from Debian trixie's source packages into
# FOLDER/out/firmware.bin. Needs Debian or a relative of it; the cross compiler is installed where it is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"/{dl,src,out} && work=$(cd "$1" && pwd)
jobs=$(nproc)
version=1.25.0
step() { printf 'pico-image: %s %s\n' "$(date +%T)" "$*"; }
die() { printf 'pico-image: %s\n' "$*" >&2; exit 1; }
# order of the tables and date in the banner, so that two builds are the same
export PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=1744675200
# or the firmware would take this checkout's commit for its version
export GIT_CEILING_DIRECTORIES=$work/src

command -v apt-get >/dev/null || die "no apt here: the build works on Debian and its relatives"
step "cross compiler"
tools="gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-dev cmake ninja-build make gcc libc6-dev"
if ! dpkg -s $tools >/dev/null 2>&1; then
  [ "$(id -u)" = 0 ] || die "missing tools; run: sudo apt-get install --no-install-recommends $tools"
  apt-get -q update >"$work/apt.log" 2>&1 &&
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -qy --no-install-recommends $tools \
      >>"$work/apt.log" 2>&1 || { tail -n 5 "$work/apt.log" >&2; die "apt could not install the cross compiler"; }
fi

step "sources (apt lists of its own)"
. "$here/trixie.sh"
(
  use_trixie "$work"
  cd "$work/dl"
  apt-get -q update
  # mbedtls: security updates move it within 3.6; what was built is told by the image's SHA-256
  apt-get -q source --download-only "micropython=$version+ds-1" mbedtls
  apt-get -q download pico-sdk-source=2.1.1-1 tinyusb-source=0.18.0+dfsg-1
) >"$work/sources.log" 2>&1 || { tail -n 5 "$work/sources.log" >&2; die "apt could not fetch trixie's sources"; }

step "unpacking"
cd "$work/src" && rm -rf ./* ../firmware
tar xf ../dl/micropython_$version+ds.orig.tar.xz && tar xf ../dl/mbedtls_3.6.*.orig.tar.*
for package in ../dl/*.deb; do dpkg -x "$package" sdk; done
tree=$work/src/micropython-$version
link() { rmdir "$tree/lib/$1" && ln -s "$2" "$tree/lib/$1"; } # the tarball leaves submodule folders empty
link tinyusb "$work/src/sdk/usr/src/tinyusb"
link mbedtls "$(ls -d "$work"/src/mbedtls-3.6.*)"
# Debian's tarball has no micropython-lib: boards/manifest.py without onewire, ds18x20, dht and neopixel
mkdir nolib stub && echo "stands in for micropython-lib" >nolib/README.md
printf 'freeze("$(PORT_DIR)/modules")\ninclude("$(MPY_DIR)/extmod/asyncio")\n' >manifest.py
# nothing of libstdc++ is used, but the linker asks for it
arm-none-eabi-ar rc stub/libstdc++.a

step "mpy-cross"
make -s -C "$tree/mpy-cross" -j"$jobs" >"$work/mpy-cross.log" 2>&1 || { tail "$work/mpy-cross.log" >&2; exit 1; }
step "firmware (about a minute)"
export LDFLAGS="-L$work/src/stub"
export CFLAGS="-ffile-prefix-map=$work=." CXXFLAGS="-ffile-prefix-map=$work=." ASMFLAGS="-ffile-prefix-map=$work=."
cmake -S "$tree/ports/rp2" -B "$work/firmware" -G Ninja -Dpicotool_FOUND=0 -DMICROPY_BOARD=RPI_PICO \
  -DPICO_SDK_PATH_OVERRIDE="$work/src/sdk/usr/src/pico-sdk" -DMICROPY_FROZEN_MANIFEST="$work/src/manifest.py" \
  -DMICROPY_LIB_DIR="$work/src/nolib" >"$work/cmake.log" 2>&1 || { tail "$work/cmake.log" >&2; exit 1; }
ninja -C "$work/firmware" -j"$jobs" >"$work/ninja.log" 2>&1 || { tail -n 30 "$work/ninja.log" >&2; exit 1; }
cp "$work/firmware/firmware.bin" "$work/out/"
step "built"
