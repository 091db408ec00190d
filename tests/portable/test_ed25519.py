"""Ed25519 and SHA-512 against published vectors, and every rule of the verification policy on its own."""

import hashlib

import ed25519
from support import vectors

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
MESSAGE = b"one coffee, two sandwiches"


def _seed(name):
    return hashlib.sha256(name).digest()


SEED = _seed(b"cabinpay test key 1")
KEY = ed25519.public_key(SEED)
SIGNATURE = ed25519.sign(SEED, MESSAGE)


def _bytes(number):
    return number.to_bytes(32, "little")


def _number(encoded):
    return int.from_bytes(encoded, "little")


def _secret_scalar():
    return _number(ed25519.sha512(SEED)[:32]) & (2**254 - 8) | 2**254


def _challenge(r, key, message):
    return _number(ed25519.sha512(r + key + message)) % L


def _signature(r, key, message):
    """A signature by SEED's scalar with that same scalar as nonce, over whatever is said to be R and the key."""
    scalar = _secret_scalar()
    return r + _bytes((scalar + _challenge(r, key, message) * scalar) % L)


def _search(key, wanted):
    """A message, and its `_signature` that is `wanted`."""
    message = b""
    while not wanted(_signature(KEY, key, message)):
        message += b"."
    return message, _signature(KEY, key, message)


def _raises_value_error(function, *arguments):
    try:
        function(*arguments)
    except ValueError:
        return True
    return False


def test_rfc8032_vectors():
    cases = vectors("rfc8032")["ed25519"]
    assert len(cases) == 5
    for case in cases:
        seed, message = bytes.fromhex(case["seed"]), bytes.fromhex(case["message"])
        key, signature = bytes.fromhex(case["public_key"]), bytes.fromhex(case["signature"])
        assert ed25519.public_key(seed) == key, case["name"]
        assert ed25519.sign(seed, message) == signature, case["name"]
        assert ed25519.verify(key, message, signature) is True, case["name"]
        assert ed25519.verify(key, message + b"\0", signature) is False, case["name"]


def _check_digests(cases, count):
    assert len(cases) == count
    for case in cases:
        assert ed25519.sha512(bytes.fromhex(case["message"])) == bytes.fromhex(case["digest"]), case["name"]


def test_sha512_examples():
    _check_digests(vectors("rfc8032")["sha512"], 3)


def test_speccheck_answers_are_libsodiums():
    answers = []
    for case in vectors("speccheck")["cases"]:
        key, message = bytes.fromhex(case["public_key"]), bytes.fromhex(case["message"])
        answers.append(ed25519.verify(key, message, bytes.fromhex(case["signature"])))
    assert answers == [i == 3 for i in range(12)]


def test_every_bytes_like_type_gives_the_same_answer():
    for kind in (bytes, bytearray, memoryview):
        assert ed25519.sha512(kind(MESSAGE)) == ed25519.sha512(MESSAGE)
        assert ed25519.public_key(kind(SEED)) == KEY
        assert ed25519.sign(kind(SEED), kind(MESSAGE)) == SIGNATURE
        assert ed25519.verify(kind(KEY), kind(MESSAGE), kind(SIGNATURE)) is True
        assert ed25519.verify(kind(KEY), kind(MESSAGE + b"!"), kind(SIGNATURE)) is False


def test_results_are_bytes():
    for result, length in ((KEY, 32), (SIGNATURE, 64), (ed25519.sha512(b""), 64)):
        assert isinstance(result, bytes) and len(result) == length


def test_arguments_are_left_as_they_were():
    seed, message, key, signature = bytearray(SEED), bytearray(MESSAGE), bytearray(KEY), bytearray(SIGNATURE)
    ed25519.sign(seed, message)
    ed25519.verify(key, message, signature)
    assert (seed, message, key, signature) == (SEED, MESSAGE, KEY, SIGNATURE)


def test_seed_of_wrong_length_or_type_is_a_value_error():
    for seed in (b"", SEED[:31], SEED + b"\0", bytearray(33), None, 32, "0" * 32, list(SEED)):
        assert _raises_value_error(ed25519.public_key, seed), seed
        assert _raises_value_error(ed25519.sign, seed, MESSAGE), seed


def test_wrong_lengths_are_refused_without_raising():
    for length in (0, 1, 31, 33, 63, 64, 65, 96):
        assert ed25519.verify((KEY * 3)[:length], MESSAGE, SIGNATURE) is False
    for length in (0, 1, 31, 32, 33, 63, 65, 96, 128):
        assert ed25519.verify(KEY, MESSAGE, (SIGNATURE * 2)[:length]) is False
    assert ed25519.verify(b"", b"", b"") is False


def test_wrong_lengths_are_refused_though_the_numbers_are_right():
    longer = KEY + b"\0"
    assert ed25519.verify(longer, MESSAGE, _signature(KEY, longer, MESSAGE)) is False
    assert ed25519.verify(KEY, MESSAGE, SIGNATURE + b"\0") is False
    message, signature = _search(KEY, lambda signature: signature[63] == 0)
    assert ed25519.verify(KEY, message, signature) is True
    assert ed25519.verify(KEY, message, signature[:63]) is False


def test_flipped_bits_are_refused():
    for position in range(0, 512, 37):
        flipped = bytearray(SIGNATURE)
        flipped[position >> 3] ^= 1 << (position & 7)
        assert not ed25519.verify(KEY, MESSAGE, flipped), position
    for position in range(0, 256, 37):
        flipped = bytearray(KEY)
        flipped[position >> 3] ^= 1 << (position & 7)
        assert not ed25519.verify(flipped, MESSAGE, SIGNATURE), position


def test_another_key_is_refused():
    assert not ed25519.verify(ed25519.public_key(_seed(b"cabinpay test key 2")), MESSAGE, SIGNATURE)


def test_s_plus_a_multiple_of_l_is_refused():
    s = _number(SIGNATURE[32:])
    for times in range(1, 16):
        if s + times * L < 2**256:
            assert not ed25519.verify(KEY, MESSAGE, SIGNATURE[:32] + _bytes(s + times * L)), times


def test_small_order_key_is_refused_though_the_equation_holds():
    # Eight times such a key is neutral: where 8 divides k, S * B is R. Also y = p and p + 1, which are 0 and 1.
    for y in (0, 1, P - 1, ORDER_8, P - ORDER_8, P, P + 1):
        for key in (_bytes(y), _bytes(y | 1 << 255)):
            message = b""
            while _challenge(KEY, key, message) % 8:
                message += b"."
            assert not ed25519.verify(key, message, KEY + _bytes(_secret_scalar() % L)), key


def test_small_order_r_is_refused_though_the_equation_holds():
    # A nonce of 0 makes R neutral and S = k * a.
    r = _bytes(1)
    s = _challenge(r, KEY, MESSAGE) * _secret_scalar() % L
    assert not ed25519.verify(KEY, MESSAGE, r + _bytes(s))


def test_non_canonical_r_is_refused_though_the_equation_holds():
    for r in (P + 1, 1 | 1 << 255, P + 1 | 1 << 255):
        s = _challenge(_bytes(r), KEY, MESSAGE) * _secret_scalar() % L
        assert not ed25519.verify(KEY, MESSAGE, _bytes(r) + _bytes(s)), r


def test_r_is_compared_to_its_last_bit():
    # S is computed for the R that is shown, so that nothing but the comparison tells.
    assert ed25519.verify(KEY, MESSAGE, _signature(KEY, KEY, MESSAGE))
    for bit in (0, 7, 8, 128, 248, 254, 255):
        r = _bytes(_number(KEY) ^ 1 << bit)
        assert not ed25519.verify(KEY, MESSAGE, _signature(r, KEY, MESSAGE)), bit


def test_key_that_is_no_point_is_refused():
    # 2 is no y of the curve: (y^2 - 1) / (d y^2 + 1) is not a square.
    assert not ed25519.verify(_bytes(2), MESSAGE, SIGNATURE)


def test_sha512_padding_at_every_block_edge():
    _check_digests(vectors("rfc8032")["sha512_block_edges"], 14)


def test_verifier_answers_as_verify():
    verifier = ed25519.Verifier(KEY)
    assert verifier.verify(MESSAGE, SIGNATURE) is True
    assert verifier.verify(bytearray(MESSAGE), memoryview(SIGNATURE)) is True
    assert verifier.verify(MESSAGE + b".", SIGNATURE) is False
    for bit in (0, 255, 256, 300, 511):
        changed = bytearray(SIGNATURE)
        changed[bit >> 3] ^= 1 << (bit & 7)
        assert verifier.verify(MESSAGE, changed) is False
    for wrong in (b"", SIGNATURE[:63], SIGNATURE + b"\0", SIGNATURE[:32] + _bytes(_number(SIGNATURE[32:]) + L)):
        assert verifier.verify(MESSAGE, wrong) is False
    # Odd and even k, and another key in between
    for i in range(8):
        message = b"%d" % i
        assert verifier.verify(message, ed25519.sign(SEED, message)) is True
        assert ed25519.Verifier(ed25519.public_key(_seed(message))).verify(message, SIGNATURE) is False


def test_verifier_of_what_is_no_key_refuses_everything():
    for key in (b"", KEY[:31], KEY + b"\0", bytes(32), _bytes(2), _bytes(P - 1), _bytes(P), _bytes(ORDER_8)):
        verifier = ed25519.Verifier(key)
        assert verifier.table is None and verifier.verify(MESSAGE, SIGNATURE) is False


def test_sha512_takes_its_message_in_any_pieces():
    data = bytes(range(256)) * 3
    for first in (0, 1, 111, 112, 127, 128, 129, 255, 256, 700):
        state = ed25519.Sha512()
        state.update(data[:first])
        state.update(memoryview(data)[first:])
        assert state.digest() == ed25519.sha512(data), first


def test_hedged_signatures_hold_and_differ():
    hedged = [ed25519.sign(SEED, MESSAGE, entropy) for entropy in (b"\0", bytes(32), bytes(64), b"fresh" * 6)]
    assert len(set([bytes(signature) for signature in hedged] + [SIGNATURE])) == 5
    for signature in hedged:
        assert ed25519.verify(KEY, MESSAGE, signature) is True
        assert ed25519.verify(KEY, MESSAGE + b".", signature) is False
    assert ed25519.sign(SEED, MESSAGE, b"") == SIGNATURE
    assert ed25519.sign(SEED, MESSAGE, bytes(32)) == ed25519.sign(SEED, MESSAGE, bytearray(32))
    assert _raises_value_error(ed25519.sign, SEED, MESSAGE, bytes(65))


def test_hedged_nonce_is_of_entropy_then_prefix_then_zeros():
    digest = ed25519.sha512(SEED)
    entropy = b"e" * 32
    nonce = _number(ed25519.sha512(entropy + digest[32:] + bytes(64) + MESSAGE)) % L
    signature = ed25519.sign(SEED, MESSAGE, entropy)
    challenge = _challenge(signature[:32], KEY, MESSAGE)
    assert _number(signature[32:]) == (nonce + challenge * _secret_scalar()) % L


def test_keys_in_turn_do_not_mix():
    other = _seed(b"cabinpay test key 2")
    for _ in range(2):
        assert ed25519.public_key(other) != KEY and ed25519.public_key(SEED) == KEY
        assert ed25519.verify(ed25519.public_key(other), MESSAGE, ed25519.sign(other, MESSAGE))
        assert ed25519.sign(SEED, MESSAGE) == SIGNATURE


def test_a_seed_that_changes_afterwards_is_another_key():
    seed = bytearray(SEED)
    assert ed25519.public_key(seed) == KEY
    seed[0] ^= 1
    assert ed25519.public_key(seed) != KEY
    assert ed25519.public_key(SEED) == KEY
