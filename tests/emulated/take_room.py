"""take_room.py IMAGE LEFT: fills a board's file system up to so many free blocks, as MicroPython counts them."""

import os
import sys

import vfs

from flash import FileFlash, power_off

flash = FileFlash(sys.argv[1], 352, lambda: None, power_off)
vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/w")
left = os.statvfs("/w")[3] - int(sys.argv[2])
with open("/w/taken", "wb") as f:
    for _ in range(left):
        # each block also points to others
        f.write(bytes(4096 - 8))
assert os.statvfs("/w")[3] == int(sys.argv[2])
vfs.umount("/w")
