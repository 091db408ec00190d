#!/usr/bin/env bash
# usage: build.sh FILE -- the boot ROM from its source. bootrom.bin beside this is what it makes with Debian bookworm's
# arm-none-eabi-gcc (12.2).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
elf=$(mktemp) && trap 'rm -f "$elf"' EXIT
arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb -Os -ffreestanding -fno-builtin -fno-toplevel-reorder -nostdlib -Wall \
  -Wno-unused -Wl,-T,"$here/bootrom.ld" -o "$elf" "$here/bootrom.c" -lgcc
arm-none-eabi-objcopy -O binary "$elf" "$1"
