"""fill_journal.py IMAGE COUNT: on this machine's MicroPython, for speed, as journal_device does it on the chip."""

import sys

import vfs

from cabinpay.io.files import Files
from flash import FileFlash, power_off

flash = FileFlash(sys.argv[1], 352, lambda: None, power_off)
vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/w")

import journal_device as device  # noqa: E402

device.Files = lambda root: Files("/w")
device.boot()
for _ in range(int(sys.argv[2])):
    device.sale()
device.j._close()
vfs.umount("/w")
