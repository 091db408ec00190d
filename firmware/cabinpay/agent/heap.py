"""Where what stays in memory lies. An interpreter that never moves it puts what is allocated after a collection at the
low end of the heap; amid waste it would divide what is free. Any other has no such end, and nothing is to be done."""

import gc

make_room = gc.collect if hasattr(gc, "mem_free") else int
