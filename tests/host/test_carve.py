"""Records in raw flash whose file system is gone: also those that lie across two of its blocks."""

from littlefs import LittleFS

from cabinpay.agent import records
from cabinpay_host import flash_image

BLOCK, BLOCKS = 4096, 64


def segment(count: int, size: int) -> bytes:
    """A segment of `count` receipts with evidence of so many bytes."""
    whole = records.segment_header(1, 0, count)
    for n in range(1, count + 1):
        record = records.Record(records.RECEIPT, 1, n, 0, records.NO_SPEND, b"receipt %d" % n, bytes([n]) * size)
        whole += bytes(records.pack(record))
    return whole


def formatted_over(files: dict[str, bytes], front: int) -> bytes:
    """A chip on which these were files before its firmware formatted it, `front` bytes of firmware before them."""
    fs = LittleFS(block_size=BLOCK, block_count=BLOCKS, prog_size=256)
    for name, data in files.items():
        with fs.open(name, "wb") as f:
            f.write(data)
    fresh = LittleFS(block_size=BLOCK, block_count=BLOCKS, prog_size=256)
    return b"\x11" * front + bytes(fresh.context.buffer[: 2 * BLOCK]) + bytes(fs.context.buffer[2 * BLOCK :])


def numbers(image: bytes) -> list[int]:
    return sorted(record.number for record in flash_image.carve(image))


def test_no_record_is_lost_to_the_end_of_a_block() -> None:
    # 32 KB: blocks with one to four pointers; sizes that put every byte of a record's head on a block's end
    for size in (400, 437, 501):
        data = segment(32768 // (size + 80), size)
        count = 32768 // (size + 80)
        for front in (0, 2 * BLOCK, 1000):
            image = formatted_over({"1": data}, front)
            assert flash_image.read(image).files == {}
            assert numbers(image) == list(range(1, count + 1))


def test_wherever_an_image_begins_and_whichever_superblock_is_left() -> None:
    data = segment(60, 437)
    fs = LittleFS(block_size=BLOCK, block_count=BLOCKS, prog_size=256)
    with fs.open("1", "wb") as f:
        f.write(data)
    for front in (0, 1, 4095, BLOCK, 3 * BLOCK + 77):
        image = b"\x11" * front + bytes(fs.context.buffer)
        assert flash_image.read(image).files == {"1": data}
        for gone in ((0,), (1,), (0, 1)):
            hurt = bytearray(image)
            for block in gone:
                hurt[front + block * BLOCK + 8] ^= 1
            # the second has the newest directory here
            assert flash_image.read(bytes(hurt)).files == ({"1": data} if gone == (0,) else {}), (front, gone)
            assert numbers(bytes(hurt)) == list(range(1, 61)), (front, gone)


def test_a_magic_that_a_block_cuts() -> None:
    for cut in (1, 2, 3):
        # the second record begins `cut` bytes before the first block's end
        size = BLOCK - records.SEGMENT_HEADER - records.HEAD_SIZE - 4 - len(b"receipt 1") - cut
        size -= 3 * (records.HEAD_SIZE + 4 + len(b"receipt 1"))
        data = uneven(size)
        assert data[BLOCK - cut : BLOCK - cut + 4] == b"CPR2"
        assert numbers(formatted_over({"1": data}, 0)) == [1, 2, 3, 4, 5]


def uneven(size: int) -> bytes:
    """Five receipts of which the first four have `size` bytes of evidence together."""
    whole = records.segment_header(1, 0, 5)
    for n, share in enumerate((size // 4, size // 4, size // 4, size - 3 * (size // 4), 50), 1):
        record = records.Record(records.RECEIPT, 1, n, 0, records.NO_SPEND, b"receipt %d" % n, bytes([n]) * share)
        whole += bytes(records.pack(record))
    return whole


def test_blocks_of_two_files_are_not_mixed_up() -> None:
    one, two = segment(12, 500), segment(12, 480)
    found = flash_image.carve(formatted_over({"1": one, "2": two}, 0))
    assert len(found) == 24
    assert {(record.number, len(record.evidence)) for record in found} == {
        (n, size) for n in range(1, 13) for size in (480, 500)
    }


def test_nothing_is_made_up() -> None:
    image = formatted_over({"1": segment(20, 500)}, 0)
    at = image.index(records.RECORD_MAGIC)
    damaged = bytearray(image)
    for n in (70, 71, 300):
        damaged[at + n] ^= 0x10
    lost = set(numbers(image)) - set(numbers(bytes(damaged)))
    assert len(lost) == 1 and len(numbers(bytes(damaged))) == 19


def test_small_files_of_any_size_are_read() -> None:
    """Up to 512 bytes lie in their directory where a board's cache is 1 KB."""
    sizes = {"read_size": 32, "prog_size": 256, "cache_size": 1024, "lookahead_size": 32}
    fs = LittleFS(block_size=BLOCK, block_count=BLOCKS, **sizes)
    files = {f"{size}": bytes([size % 251]) * size for size in range(1, 1100, 40)}
    for name, content in files.items():
        with fs.open(name, "wb") as f:
            f.write(content)
    found = flash_image.read(bytes(fs.context.buffer))
    assert (found.files, found.fault) == (files, "")
