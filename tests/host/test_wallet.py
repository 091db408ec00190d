"""The passenger's phone: what it signs, what it remembers, and the pictures it shows and reads."""

import errno
import io
import json
import os
import random
import xml.etree.ElementTree
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from cabinpay.io import qrcode
from cabinpay.wire import cbor, claims, cose, qrtext
from cabinpay.wire.claims import Pass, Payment
from cabinpay_host import codec, crypto, enrol, files, qr, wallet_file
from cabinpay_host.errors import HostError
from cabinpay_host.wallet import Wallet, read_bill
from host.ground_kit import DAY, NOW, Airline, bill, bill_text

LINES = [[1001, 2, 600], [2, 1, -50]]


@pytest.fixture
def airline(tmp_path: Path) -> Airline:
    return Airline(tmp_path)


def opened(text: str, reader: object = cbor) -> tuple[Pass, Payment]:
    """What a terminal reads, with the payment's signature checked by the pass's device key."""
    signed, payment = qrtext.read_customer(text.encode(), reader)
    ticket = Pass.unpack(cose.parse(signed, reader).payload, reader)

    def by_device(kid: bytes | None, message: bytes, signature: bytes) -> bool:
        return kid is None and crypto.verify(ticket.device_key(), message, signature)

    return ticket, Payment.unpack(cose.open(payment, by_device, signed, reader), reader)


def refused(code: str, exit_code: int, call: Callable[[], object]) -> str:
    with pytest.raises(HostError) as error:
        call()
    assert (error.value.code, error.value.exit_code) == (code, exit_code)
    assert "\n" not in error.value.line
    return error.value.line


@pytest.mark.parametrize("reader", [codec, cbor])
def test_three_ways_to_pay(airline: Airline, reader: object) -> None:
    wallet = airline.wallet()
    _, quick = opened(wallet.quick(NOW), reader)
    assert (quick.mode(), quick.iat, quick.seq, quick.terms, quick.challenge) == (claims.QUICK, NOW, NOW, None, None)
    _, challenged = opened(wallet.challenged(bill_text() + "\r\n", NOW), reader)
    assert (challenged.mode(), challenged.terms) == (claims.CHALLENGED, [1250, 156])
    assert challenged.challenge == bill().challenge(reader)
    _, bound = opened(wallet.bound(1150, 156, LINES, NOW), reader)
    assert (bound.mode(), bound.terms) == (claims.BOUND, [1150, 156, claims.lines_hash(LINES, reader)[:8]])
    assert [quick.seq, challenged.seq, bound.seq] == [NOW, NOW + 1, NOW + 2]


def test_the_largest_payment_still_fits_a_scanner(airline: Airline) -> None:
    most = 0xFFFFFFFF
    rules = enrol.Policy(minimum_score=0, days=366, currency=999, per_sale=most, total=most, count=255)
    wallet = Wallet.create(airline.folder / "w")
    wallet.add(enrol.issue_pass(airline.keys["issuer"], rules, "ZZ", 0, wallet.public, most - 400 * DAY, (9999, 65535)))
    now = most - 300 * DAY
    texts = [wallet.bound(most, 999, [[5, 255, most // 255]], now), wallet.challenged(bill_text(most, 999), now)]
    assert max(map(len, texts)) <= qrtext.MAX_TEXT
    assert {qr.draw(text).designator for text in texts} == {"13-M"}


def test_payments_are_kept_with_their_bills(airline: Airline) -> None:
    wallet = airline.wallet()
    shown = [[wallet.quick(NOW), ""], [wallet.challenged(bill_text(), NOW), bill_text()]]
    assert wallet.payments() == shown
    wallet.keep(b"receipt 1")
    wallet.keep(b"receipt 2")
    wallet.keep(b"receipt 1")
    assert Wallet(wallet.path).receipts() == [b"receipt 1", b"receipt 2"]
    refused("receipt_bad", 3, lambda: wallet.keep(bytes(1025)))


def test_what_is_kept_is_bounded(airline: Airline) -> None:
    wallet = airline.wallet()
    text = wallet.bound(1150, 156, LINES, NOW)
    state = wallet_file.read(wallet.path)
    state.payments = [[text, "Y" * 483]] * 300
    state.receipts = [bytes(1024)] * 300
    state.passes = state.passes * wallet_file.MAX_PASSES
    wallet_file.write(wallet.path, state)
    assert len(wallet.payments()) == len(wallet.receipts()) == wallet_file.KEPT
    assert wallet.path.stat().st_size < wallet_file.MAX_FILE
    refused("wallet_full", 4, lambda: wallet.add(airline.signed_pass(wallet.public)))


@settings(max_examples=30, deadline=None, database=None)
@given(clock=st.lists(st.integers(NOW, NOW + 40), min_size=1, max_size=12))
def test_seq_rises_whatever_the_clock_does(tmp_path_factory: pytest.TempPathFactory, clock: list[int]) -> None:
    wallet = Airline(tmp_path_factory.mktemp("a")).wallet()
    last = 0
    for now in clock:
        _, payment = opened(Wallet(wallet.path).quick(now))
        assert payment.seq == max(last + 1, now)
        assert payment.iat == now
        last = payment.seq


def test_two_programs_never_sign_the_same_seq(airline: Airline) -> None:
    path = airline.wallet().path
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: Wallet(path).quick(NOW), range(40)))
    assert sorted(opened(text)[1].seq for text in texts) == list(range(NOW, NOW + 40))
    assert sorted(text for text, _ in Wallet(path).payments()) == sorted(texts)


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_nothing_is_shown_that_is_not_in_the_file(airline: Airline, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    wallet = airline.wallet()
    before = wallet.path.read_bytes()
    listing = sorted(airline.folder.iterdir())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, call, full)
        refused("storage", 6, lambda: wallet.quick(NOW))
    assert wallet.path.read_bytes() == before
    assert sorted(airline.folder.iterdir()) == listing
    assert opened(wallet.quick(NOW))[1].seq == NOW


def test_a_seq_at_its_end_pays_no_more(airline: Airline) -> None:
    wallet = airline.wallet()
    state = wallet_file.read(wallet.path)
    state.passes[0].seq = 0xFFFFFFFF
    wallet_file.write(wallet.path, state)
    refused("pass_spent", 4, lambda: wallet.quick(NOW))


def test_the_pass_that_fits_is_chosen(airline: Airline) -> None:
    wallet = airline.wallet("9C")
    airline.policy.write_text(airline.policy.read_text().replace("156", "978"))
    airline.wallet("MU", NOW + DAY)
    ours, theirs = (held.claims for held in wallet.passes())
    assert opened(wallet.quick(NOW))[0].aud == "9C"
    assert opened(wallet.quick(NOW + DAY))[0].aud == "MU"
    assert opened(wallet.quick(NOW + DAY, cti=ours.cti))[0].aud == "9C"
    assert opened(wallet.challenged(bill_text(), NOW + DAY))[0].aud == "9C"
    assert opened(wallet.challenged(bill_text(currency=978), NOW + DAY))[0].aud == "MU"
    assert opened(wallet.quick(theirs.exp - 1))[0].aud == "MU"
    refused("no_pass", 4, lambda: wallet.quick(theirs.exp))
    refused("no_pass", 4, lambda: wallet.quick(ours.nbf - 1))
    refused("no_pass", 4, lambda: wallet.challenged(bill_text(currency=392), NOW))
    refused("no_pass", 4, lambda: wallet.quick(NOW, cti=bytes(8)))
    for now in (0, -1, 1 << 32):
        refused("clock_wrong", 4, partial(wallet.quick, now))


def test_passes_that_do_not_belong(airline: Airline) -> None:
    wallet = airline.wallet()
    signed = wallet.passes()[0].signed
    refused("pass_known", 4, lambda: wallet.add(signed))
    refused("pass_foreign", 4, lambda: wallet.add(airline.signed_pass(crypto.public_key(bytes(32)))))
    for damaged in (b"", signed[:-1], signed + b"\0", b"\xff" * 190, bytes(4000)):
        refused("pass_bad", 3, partial(wallet.add, damaged))


@pytest.mark.parametrize("text", ["", "CP1B:", "CP1:ABC", "cp1b:", bill_text()[:-1], bill_text() + "0", "\udcff" * 9,
                                  "CP1B:" + "A" * 9000, "https://example.org/pay", "CP1B:\x00\x00"])  # fmt: skip
def test_bills_that_are_none(airline: Airline, text: str) -> None:
    wallet = airline.wallet()
    before = wallet.path.read_bytes()
    refused("bill_bad", 3, lambda: wallet.challenged(text, NOW))
    assert wallet.path.read_bytes() == before


@pytest.mark.parametrize(("amount", "lines"), [(1151, LINES), (0, [[2, 1, -50], [5, 1, 50]]), (5, []), (50, [[1, 1]])])
def test_lines_that_do_not_add_up(airline: Airline, amount: int, lines: list[list[int]]) -> None:
    refused("lines_bad", 2, lambda: airline.wallet().bound(amount, 156, lines, NOW))


def test_the_file_is_a_secret_and_stays_one(airline: Airline) -> None:
    wallet = airline.wallet()
    wallet.quick(NOW)
    assert wallet.path.stat().st_mode & 0o777 == 0o600
    assert wallet_file.read(wallet.path).seed.hex() not in repr(wallet_file.read(wallet.path))
    os.chmod(wallet.path, 0o640)
    refused("file_shared", 4, lambda: Wallet(wallet.path))
    refused("file_exists", 4, lambda: Wallet.create(wallet.path))


def test_a_link_to_a_wallet_stays_a_link(airline: Airline) -> None:
    wallet = airline.wallet()
    link = airline.folder / "link"
    link.symlink_to(wallet.path.name)
    Wallet(link).quick(NOW)
    assert link.is_symlink()
    assert len(wallet.payments()) == 1


DAMAGE: list[dict[str, object]] = [
    {"format": "x"}, {"more": 1}, {"seed": None}, {"seed": "00"}, {"seed": "00" * 32}, {"seed": "zz" * 32},
    {"public": "00" * 32}, {"passes": None}, {"passes": [1]}, {"passes": [{}]}, {"passes": [{"pass": "00", "seq": 0}]},
    {"payments": [["only one"]]}, {"payments": [[1, 2]]}, {"payments": 5}, {"payments": [["CP1:0", ""]]},
    {"payments": [["\ud800", ""]]}, {"receipts": ["zz"]}, {"receipts": [5]},
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=str)
def test_damage(airline: Airline, damage: dict[str, object]) -> None:
    path = airline.wallet().path
    fields = json.loads(path.read_text())
    path.write_text(json.dumps({**fields, **damage}))
    assert fields["seed"] not in refused("wallet_garbled", 3, lambda: Wallet(path))


@pytest.mark.parametrize("seq", [-1, 1 << 32, "1", None, True, 1.5])
def test_a_damaged_seq(airline: Airline, seq: object) -> None:
    path = airline.wallet().path
    fields = json.loads(path.read_text())
    fields["passes"][0]["seq"] = seq
    path.write_text(json.dumps(fields))
    refused("wallet_garbled", 3, lambda: Wallet(path))


def codes(image: Image.Image) -> list[str]:
    # Only QR: told to look for every symbology, the decoder once took some rows of modules for an ITF bar code
    return [code.text for code in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)]


def test_every_picture_is_read_back(airline: Airline) -> None:
    text = airline.wallet().bound(1150, 156, LINES, NOW)
    for scale in (1, 3, 8):
        image = Image.open(io.BytesIO(qr.png(text, scale)))
        assert codes(image) == [text]
    path = airline.folder / "pay.png"
    path.write_bytes(qr.png(text))
    assert qr.read_picture(path) == text
    assert qr.draw(text).designator == "13-M"
    assert qr.draw(text).mode == "alphanumeric"


def test_svg_draws_the_same_modules() -> None:
    text = bill_text()
    root = xml.etree.ElementTree.fromstring(qr.svg(text, 1))
    dark = root[-1].attrib["d"]
    assert root.attrib["width"] == root.attrib["height"] == str(qr.draw(text).symbol_size(border=4)[0])
    assert dark.startswith("M4 4.5h7")


def test_a_terminal_window_shows_a_code_that_scans() -> None:
    halves = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
    lines = qr.terminal(bill_text()).splitlines()
    image = Image.new("L", (len(lines[0]), 2 * len(lines)))
    for y, line in enumerate(lines):
        for x, char in enumerate(line):
            for half in (0, 1):
                image.putpixel((x, 2 * y + half), halves[char][half])
    assert codes(image.resize((image.width * 4, image.height * 4), Image.Resampling.NEAREST)) == [bill_text()]


def screen() -> Image.Image:
    """What a terminal's display shows: its own encoder's modules."""
    size, bitmap = qrcode.encode(bill_text())
    symbol = Image.frombytes("1", (size, size), bytes(bitmap), "raw", "1;I").convert("L")
    framed = ImageOps.expand(symbol, border=4, fill=255)
    return framed.resize((framed.width * 6, framed.height * 6), Image.Resampling.NEAREST)


def test_photographs_of_the_terminals_screen(airline: Airline) -> None:
    path = airline.folder / "photo"
    image = screen()
    noise = Image.effect_noise(image.size, 60)
    pictures = {
        "PNG": image,
        "JPEG": ImageOps.expand(Image.blend(image, noise, 0.3), 200, 90).rotate(17, fillcolor=90).convert("RGB"),
        "WEBP": ImageOps.invert(image).convert("RGBA"),
        "GIF": image.rotate(180),
        "BMP": image,
    }
    for kind, picture in pictures.items():
        picture.save(path, kind)
        assert read_bill(qr.read_picture(path)).amount == 1250, kind


def test_what_is_transparent_counts_as_white(airline: Airline) -> None:
    path = airline.folder / "clear.png"
    clear = Image.new("RGBA", screen().size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=ImageOps.invert(screen()))
    clear.save(path)
    assert qr.read_picture(path) == bill_text()


def side_by_side(*texts: str) -> Image.Image:
    codes = [Image.open(io.BytesIO(qr.png(text, 4))).convert("L") for text in texts]
    sheet = Image.new("L", (sum(c.width for c in codes), max(c.height for c in codes)), 255)
    for i, code in enumerate(codes):
        sheet.paste(code, (sum(c.width for c in codes[:i]), 0))
    return sheet


def test_one_code_is_wanted(airline: Airline) -> None:
    path = airline.folder / "codes.png"
    side_by_side("HTTPS://EXAMPLE.ORG", bill_text(), bill_text()).save(path)
    assert qr.read_picture(path) == bill_text()
    side_by_side(bill_text(1), bill_text(2)).save(path)
    refused("code_many", 3, lambda: qr.read_picture(path))
    side_by_side("HTTPS://A", "HTTPS://B").save(path)
    refused("code_missing", 3, lambda: qr.read_picture(path))
    Image.new("L", (300, 300), 128).save(path)
    refused("code_missing", 3, lambda: qr.read_picture(path))


def test_pictures_that_are_none(airline: Airline) -> None:
    path = airline.folder / "p.png"
    whole = qr.png(bill_text())
    for data in (b"", b"no picture", whole[:20], whole[:-30], qr.svg(bill_text()), b"GIF89a", b"BM" + bytes(60)):
        path.write_bytes(data)
        refused("picture_bad", 3, lambda: qr.read_picture(path))
    huge = Image.new("1", (40_000, 4000))
    ImageDraw.Draw(huge).point((0, 0), 1)
    huge.save(path)
    refused("picture_bad", 3, lambda: qr.read_picture(path))


def test_damaged_pictures_end_in_one_line_or_in_the_text(airline: Airline) -> None:
    path = airline.folder / "p"
    chance = random.Random(45)
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP"):
        out = io.BytesIO()
        screen().resize((180, 180)).convert("RGB").save(out, kind)
        for _ in range(60):
            data = bytearray(out.getvalue())
            for _ in range(chance.randrange(1, 12)):
                data[chance.randrange(min(len(data), 600))] = chance.randrange(256)
            path.write_bytes(data[: chance.randrange(10, len(data) + 1)])
            try:
                assert qr.read_picture(path)
            except HostError as e:
                assert e.code in ("picture_bad", "code_missing", "code_many")
