"""SLIP frames: vectors, splits at every byte, noise, sizes, and what is counted as bad."""

import binascii

from cabinpay.wire import frames
from cabinpay.wire.frames import Decoder
from entries import objects, octets, section

LIMIT = 64
# 64 special bytes whose checksum is four more: c0 db c0 db
LONGEST = octets(
    "dbc0c0dbdbdbdbdbc0dbc0c0c0dbdbdbdbc0c0dbdbdbc0dbc0c0dbdbdbdbc0db" + "c0" * 32,
)
BODIES = [b"a", b"\xc0", b"\xdb", b"\xdb\xdc\xdb\xdd\xc0" * 3, bytes(range(64)), bytes(range(192, 256)), b"\xc0" * 64]


def decoded(stream, limit=LIMIT, step=0):
    """(bodies, bad) of a stream fed whole or `step` bytes at a time."""
    decoder, bodies = Decoder(limit), []
    for i in range(0, len(stream), step or len(stream) or 1):
        bodies += decoder.feed(stream[i : i + step] if step else stream)
    return bodies, decoder.bad


def test_vectors_both_ways():
    for entry in objects("request", "reply"):
        body, frame = octets(entry["encoded"]), octets(entry["frame"])
        limit = frames.MAX_REQUEST if entry["form"] == "request" else frames.MAX_REPLY
        assert frames.encode(body) == frame
        assert decoded(frame, limit) == ([body], 0)
        assert decoded(frame, limit, 1) == ([body], 0)


def test_refusals_leave_the_decoder_ready_for_the_next_frame():
    checked = 0
    for entry in section("refusals"):
        if entry["at"] == "frames":
            checked += 1
            stream = octets(entry["input"])
            assert decoded(stream, entry["limit"]) == ([], entry["bad"]), entry["name"]
            assert decoded(stream, entry["limit"], 1) == ([], entry["bad"]), entry["name"]
            after = [b"next"] if entry["name"] != "without an end" else [b"next", b"more"]
            stream += frames.encode(b"next") + frames.encode(b"more")
            assert decoded(stream, entry["limit"])[0][: len(after)] == after, entry["name"]
    assert checked


def test_split_at_every_byte():
    stream = b"".join([frames.encode(body) for body in BODIES])
    for cut in range(len(stream) + 1):
        decoder = Decoder(LIMIT)
        assert decoder.feed(stream[:cut]) + decoder.feed(stream[cut:]) == BODIES, cut
        assert decoder.bad == 0


def test_fed_in_pieces_of_every_size():
    stream = b"".join([frames.encode(body) for body in BODIES])
    for step in range(1, 40):
        assert decoded(stream, LIMIT, step) == (BODIES, 0), step


def test_frames_may_share_an_end():
    one, two = frames.encode(b"one"), frames.encode(b"two")
    assert decoded(one + two[1:]) == ([b"one", b"two"], 0)
    assert decoded(one[1:] + two) == ([b"one", b"two"], 0)


def test_noise_between_frames_costs_no_frame():
    frame = frames.encode(b"body")
    for noise in (b"x", b"noise", b"\xdb", b"\xdb\xdb", b"\0" * 500, b"\xff" * 63):
        for step in (0, 1, 7):
            assert decoded(noise + frame + noise + frame, LIMIT, step) == ([b"body", b"body"], 2), (noise, step)
    assert decoded(b"\xc0" * 100 + frame + b"\xc0" * 100) == ([b"body"], 0)


def test_a_frame_cut_by_the_link_costs_itself_only():
    frame = frames.encode(b"body")
    for cut in range(2, len(frame) - 1):
        assert decoded(frame[:cut] + frame) == ([b"body"], 1), cut


def test_longest_body_is_taken_and_one_more_is_not():
    for filling in (b"x", b"\xc0", b"\xdb"):
        for step in (0, 1, 13):
            assert decoded(frames.encode(filling * LIMIT), LIMIT, step) == ([filling * LIMIT], 0)
            assert decoded(frames.encode(filling * (LIMIT + 1)), LIMIT, step) == ([], 1)


def test_a_frame_of_special_bytes_only_is_twice_as_long():
    frame = frames.encode(LONGEST)
    assert len(LONGEST) == LIMIT and len(frame) == 2 * (LIMIT + 4) + 2
    for step in (0, 1, len(frame) - 1):
        assert decoded(frame, LIMIT, step) == ([LONGEST], 0), step


def test_what_never_ends_takes_no_more_memory():
    decoder = Decoder(LIMIT)
    for _ in range(1000):
        assert decoder.feed(b"x" * 50) == []
        assert len(decoder._rest) <= 2 * (LIMIT + 4)
    assert decoder.feed(frames.encode(b"body")) == [b"body"]
    assert decoder.bad == 1
    assert decoder.feed(frames.encode(b"again")) == [b"again"]
    assert decoder.bad == 1


def test_the_end_of_an_oversize_frame_is_not_taken_for_a_frame():
    # its last bytes are those of a good frame, only END is missing before them
    good = frames.encode(b"body")[1:]
    for step in (0, 1, 50):
        assert decoded(b"x" * 500 + good, LIMIT, step) == ([], 1), step
    escaped = frames.encode(b"\xdbody")
    for cut in range(1, len(escaped)):
        decoder = Decoder(LIMIT)
        assert decoder.feed(b"x" * 500) + decoder.feed(escaped[cut:]) == [], cut
        assert decoder.bad == 1


def test_every_changed_byte_is_noticed():
    frame = frames.encode(b"what was sent")
    for i in range(1, len(frame) - 1):
        for flip in (1, 128):
            bodies, bad = decoded(frame[:i] + bytes([frame[i] ^ flip]) + frame[i + 1 :])
            assert bodies == [] and bad >= 1, i


def test_bad_escapes_are_dropped_even_with_a_good_checksum():
    for wrong in (b"\xdb\x00", b"\xdb\xdb", b"\xdb", b"\xdb\xdb\xdc"):
        for data in (wrong, b"ab" + wrong):
            stream = b"\xc0" + data + binascii.crc32(data).to_bytes(4, "big") + b"\xc0"
            assert decoded(stream)[0] == [], wrong
            assert decoded(stream)[1] == 1, wrong


def test_an_empty_body_is_no_frame():
    assert decoded(frames.encode(b"")) == ([], 1)


def test_fed_nothing_or_another_kind_of_bytes():
    decoder = Decoder(LIMIT)
    assert decoder.feed(b"") == []
    frame = frames.encode(b"body")
    for kind in (bytearray, memoryview):
        assert decoder.feed(kind(frame)) == [b"body"]
    buffer = bytearray(frame[:4])
    assert decoder.feed(buffer) == []
    buffer[:] = b"\0\0\0\0"  # a reused receive buffer must not reach back into what was fed
    assert decoder.feed(frame[4:]) == [b"body"]
