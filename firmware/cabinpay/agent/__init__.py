"""What the terminal does: plain objects that are handed their clock, files, keys and streams.

Nothing here imports hardware, a file system, a clock or a signature engine: main.py hands them in.
Rules for errors: bytes from outside raise WireError; a request that is refused raises Refused; storage that fails
raises StorageError and ends selling until the next boot, because only a boot knows what became durable.
"""

AGENT = "cabinpay 0.1.0"
