import ed25519
from cabinpay.agent import ground, keystore
from cabinpay.agent.drbg import Drbg
from cabinpay.agent.files import read_whole, write_whole
from cabinpay.wire import cbor
from cabinpay.wire.keys import kid
from support import refusal
from world import AIRCRAFT, LABEL, ROOTS, fresh_files, provisioned, public, reboot, some

ROOT_KEYS = [public(root) for root in ROOTS]


def provision(files, entropy=bytes(64), host=bytes(32)):
    write_whole(files, keystore.NAME, ground.new_keys(entropy, host, ROOT_KEYS, LABEL, AIRCRAFT).pack(cbor))
    return keystore.load(files, cbor, ed25519)


def change(files, name, at, value):
    with files.open(name, "rb") as f:
        data = bytearray(f.read())
    data[at] = data[at] ^ value
    with files.open(name, "wb") as f:
        f.write(data)


def test_nonces_differ_within_a_boot_and_between_boots():
    # the port's randomness is the same at every boot here, as a stuck oscillator's would be
    seen = set()
    for boots in range(1, 9):
        drbg = Drbg(some("secret", 32), boots, bytes(32))
        for _ in range(20):
            nonce = drbg.nonce()
            assert len(nonce) == 16 and nonce not in seen
            seen.add(nonce)


def test_nonces_depend_on_secret_and_noise():
    def first(*args):
        return Drbg(*args).nonce()

    assert first(bytes(32), 1, bytes(32)) == first(bytes(32), 1, bytes(32))
    assert first(b"1" * 32, 1, bytes(32)) != first(bytes(32), 1, bytes(32)) != first(bytes(32), 1, b"1" * 32)


def test_a_terminal_repeats_no_nonce_over_boots_with_stuck_randomness():
    world = provisioned()
    seen = set()
    for _ in range(6):
        for _ in range(3):
            nonce = world.terminal.drbg.nonce()
            assert nonce not in seen
            seen.add(nonce)
        world.boots = 0
        reboot(world)


def test_the_boot_counter_is_durable_before_it_is_used():
    files = fresh_files()
    for boots in range(1, 6):
        assert keystore.count_boot(files, bytes) == boots
        assert read_whole(files, "boots") == boots.to_bytes(4, "big")


def test_no_counter_no_boot():
    class Full:
        """Takes nothing any more."""

        def __init__(self, files):
            self.exists = files.exists

        def open(self, name, mode):
            raise OSError(28)

    try:
        keystore.count_boot(Full(fresh_files()), bytes)
        raise AssertionError("counted without storing")
    except OSError:
        pass


def test_a_damaged_counter_begins_anew_far_above():
    """The receipts are worth more than a counter that only keeps nonces apart."""
    world = provisioned()
    change(world.files, "boots", 8, 1)
    assert keystore.count_boot(world.files, lambda n: b"\x01" * n) == 0x80010101
    assert keystore.count_boot(world.files, bytes) == 0x80010102
    assert reboot(world).state == "no-bundle"


def test_what_is_provisioned_is_kept():
    files = fresh_files()
    assert keystore.load(files, cbor, ed25519) is None
    made = provision(files)
    kept = keystore.load(files, cbor, ed25519)
    assert (kept.seed, kept.drbg, kept.roots, kept.label, kept.aircraft) == (
        made.seed,
        made.drbg,
        ROOT_KEYS,
        LABEL,
        AIRCRAFT,
    )
    assert kept.public == ed25519.public_key(kept.seed) and kept.kid == kid(kept.public)
    assert ed25519.verify(kept.public, b"message", kept.sign(b"message"))


def test_keys_come_from_both_sides_entropy():
    secrets = set()
    for entropy, host in ((bytes(64), bytes(32)), (b"1" * 64, bytes(32)), (bytes(64), b"1" * 32)):
        made = provision(fresh_files(), entropy, host)
        secrets.add(made.seed)
        secrets.add(made.drbg)
    assert len(secrets) == 6


def test_every_damaged_byte_of_a_small_file_is_noticed():
    files = fresh_files()
    body = b"body of a file"
    write_whole(files, "name", body)
    for at in range(8 + len(body)):
        change(files, "name", at, 1)
        assert refusal(read_whole, files, "name") == "ValueError", at
        change(files, "name", at, 1)
    assert read_whole(files, "name") == body


def test_every_truncation_of_a_small_file_is_noticed():
    files = fresh_files()
    write_whole(files, "name", b"body")
    with files.open("name", "rb") as f:
        data = f.read()
    for size in range(len(data)):
        with files.open("name", "wb") as f:
            f.write(data[:size])
        assert refusal(read_whole, files, "name") == "ValueError", size


def test_a_file_is_replaced_whole():
    files = fresh_files()
    assert read_whole(files, "name") is None
    write_whole(files, "name", b"one")
    # power fails before the rename: what is half written does not count
    with files.open("name.new", "wb") as f:
        f.write(b"CPF1half")
    assert read_whole(files, "name") == b"one"
    write_whole(files, "name", b"two")
    assert read_whole(files, "name") == b"two" and not files.exists("name.new")


def test_a_damaged_keystore_is_never_provisioned_over():
    world = provisioned()
    change(world.files, "keys", 20, 1)
    terminal = reboot(world)
    assert terminal.state == "damaged" and terminal.keys is None
    assert len(terminal.drbg.nonce()) == 16
