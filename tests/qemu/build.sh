#!/usr/bin/env bash
# usage: build.sh FOLDER [TARBALL] -- MicroPython 1.25.0's qemu port for a Cortex-M33 and for RV32IMC, into
# FOLDER/{m33,rv32}/firmware.elf. Sources: the TARBALL that make pico-image left, else Debian trixie's package.
# Needs Debian or a relative of it; compilers and qemu are installed where they are missing.
set -euo pipefail
boards=$(cd "$(dirname "$0")/../../boards/pico_emulated" && pwd)
mkdir -p "$1" && work=$(cd "$1" && pwd)
tarball=${2:-}
step() { printf 'qemu-images: %s %s\n' "$(date +%T)" "$*"; }
die() { printf 'qemu-images: %s\n' "$*" >&2; exit 1; }
export PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=1744675200 GIT_CEILING_DIRECTORIES=$work

command -v apt-get >/dev/null || die "no apt here: the build works on Debian and its relatives"
step "compilers and qemu"
tools="gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf make gcc python3
  qemu-system-arm qemu-system-misc"
if ! dpkg -s $tools >/dev/null 2>&1; then
  [ "$(id -u)" = 0 ] || die "missing tools; run: sudo apt-get install --no-install-recommends $(echo $tools)"
  apt-get -q update >"$work/apt.log" 2>&1 &&
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -qy --no-install-recommends $tools \
      >>"$work/apt.log" 2>&1 || { tail -n 5 "$work/apt.log" >&2; die "apt could not install them"; }
fi

step "sources"
if [ ! -f "$tarball" ]; then
  . "$boards/trixie.sh"
  use_trixie "$work"
  mkdir -p "$work/dl"
  (cd "$work/dl" && apt-get -q update && apt-get -q source --download-only micropython=1.25.0+ds-1) \
    >"$work/sources.log" 2>&1 || { tail -n 5 "$work/sources.log" >&2; die "apt could not fetch trixie's sources"; }
  tarball=$work/dl/micropython_1.25.0+ds.orig.tar.xz
fi
rm -rf "$work/src" "$work/m33" "$work/rv32" && mkdir "$work/src"
tar xf "$tarball" -C "$work/src" --strip-components=1
ports=$work/src/ports

# littlefs, which the port has no use for: it asks for the time of a file
cat >>"$ports/qemu/mphalport.c" <<'END'
uint64_t mp_hal_time_ns(void) {
    return 0;
}
END
sed -i 's/LENGTH = 2M/LENGTH = 4M/' "$ports/qemu/mcu/rv32/virt.ld"
sed -i 's/^        \*(\.rodata\*)/&\n        *(.ARM.exidx*)/' "$ports/qemu/mcu/arm/mps2.ld"

# The port has no Cortex-M33: its board with another machine (AN505: memory and UART at their secure addresses), and
# with the floating point unit on, which an RP2350 has and which makes the interpreter take code for ARMv7E-M with it
cp -r "$ports/qemu" "$ports/m33" && mkdir "$ports/m33/boards/M33"
sed -i 's/0x40004000/0x50200000/' "$ports/m33/uart.c"
sed -i 's/0x00000000/0x10000000/' "$ports/m33/mcu/arm/mps2.ld"
sed -i 's/^    uart_init();/    *(volatile uint32_t *)0xE000ED88 = 0xF00000;\n&/' "$ports/m33/mcu/arm/startup.c"
sed -i '/\.cpu/d' "$work/src/shared/runtime/gchelper_thumb2.s"
cat >"$ports/m33/boards/M33/mpconfigboard.mk" <<'END'
QEMU_ARCH = arm
QEMU_MACHINE = mps2-an505
CFLAGS += -mthumb -mcpu=cortex-m33 -mfloat-abi=softfp -DQEMU_SOC_MPS2 -DMICROPY_HW_MCU_NAME='"Cortex-M33"'
LDSCRIPT = mcu/arm/mps2.ld
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o
END

build() { # PORT BOARD NAME VARIABLE...
  step "$3 (about a minute)"
  make -s -C "$ports/$1" BOARD="$2" BUILD="$work/$3" FROZEN_MANIFEST= MICROPY_HEAP_SIZE=3145728 MICROPY_VFS_LFS2=1 \
    -j"$(nproc)" "${@:4}" >"$work/$3.log" 2>&1 || { tail -n 20 "$work/$3.log" >&2; die "$3 could not be built"; }
}
build m33 M33 m33 AS="arm-none-eabi-as -mcpu=cortex-m33"
# Debian's libgcc is found for rv32imac and not for rv32imac_zicsr, which is the same in the older specification
build qemu VIRT_RV32 rv32 RV32_ARCH="rv32imac -misa-spec=2.2"
step "built"
