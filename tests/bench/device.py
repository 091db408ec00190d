"""Runs on MicroPython: NAME:MICROSECONDS lines, the fastest of several runs."""

import time

import ed25519

SEED = bytes(range(32))
MESSAGE = bytes(range(200))


def fastest(work, times=20):
    best = None
    for _ in range(times):
        start = time.ticks_us()
        work()
        took = time.ticks_diff(time.ticks_us(), start)
        best = took if best is None else min(best, took)
    return best


public = ed25519.public_key(SEED)
signature = ed25519.sign(SEED, MESSAGE)
print("Ed25519 verify:%d" % fastest(lambda: ed25519.verify(public, MESSAGE, signature)))
issuer = ed25519.Verifier(public)
print("Ed25519 verify, known issuer:%d" % fastest(lambda: issuer.verify(MESSAGE, signature)))
print("Ed25519 sign:%d" % fastest(lambda: ed25519.sign(SEED, MESSAGE)))
print("SHA-512 of 264 bytes:%d" % fastest(lambda: ed25519.sha512(MESSAGE + bytes(64))))
