"""Every object of the wire, for cabinpay.json. README.md says what the fields mean.

A second statement of the contract: claims are written out here by label, COSE, Base45, SLIP and hashes are done here,
and signatures are libsodium's, so that nothing of cabinpay.wire has a say in its own vectors.
"""

import hashlib
import zlib
from collections.abc import Iterator
from datetime import date
from typing import Any

from nacl.signing import SigningKey

from cabinpay_host.codec import encode as cbor

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
DAY = (date(2026, 8, 14) - date(1970, 1, 1)).days
MORNING = DAY * 86400 + 6 * 3600
EUR, JPY = 978, 392
LINES = [[101, 2, 350], [205, 1, 500], [2, 1, -50]]
Entry = dict[str, Any]


def signing(label: str) -> SigningKey:
    return SigningKey(hashlib.sha256(b"cabinpay test key " + label.encode()).digest())


def public(label: str) -> bytes:
    return bytes(signing(label).verify_key)


def sha(data: bytes, size: int = 32) -> bytes:
    return hashlib.sha256(data).digest()[:size]


def kid(label: str) -> bytes:
    return sha(public(label), 8)


def some(label: str, size: int) -> bytes:
    """Identifiers and nonces, in place of random bytes."""
    return sha(b"cabinpay test bytes " + label.encode(), size)


def header(label: str | None) -> bytes:
    return cbor({1: -19} if label is None else {1: -19, 4: kid(label)})


def structure(protected: bytes, aad: bytes, payload: bytes) -> bytes:
    return cbor(["Signature1", protected, aad, payload])


def sign1(payload: bytes, signer: str, aad: bytes, protected: bytes | None = None) -> bytes:
    """Untagged COSE_Sign1; its header names the signer unless another is given."""
    protected = header(signer) if protected is None else protected
    return cbor([protected, {}, payload, signing(signer).sign(structure(protected, aad, payload)).signature])


def base45(data: bytes) -> str:
    out = ""
    for i in range(0, len(data), 2):
        n = int.from_bytes(data[i : i + 2], "big")
        for _ in range(len(data[i : i + 2]) + 1):
            n, digit = divmod(n, 45)
            out += BASE45[digit]
    return out


def frame(body: bytes) -> bytes:
    checked = body + zlib.crc32(body).to_bytes(4, "big")
    special = {0xC0: b"\xdb\xdc", 0xDB: b"\xdb\xdd"}
    return b"\xc0" + b"".join(special.get(b, bytes([b])) for b in checked) + b"\xc0"


def plain(value: Any) -> Any:
    """Claims as JSON: byte strings in CBOR's diagnostic notation, h'...', and map keys as text."""
    if isinstance(value, bytes):
        return f"h'{value.hex()}'"
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


PASS = {
    2: some("passenger", 4).hex(), 3: "XC", 4: MORNING + 172800, 5: MORNING - 86400, 7: some("pass", 8),
    8: {1: {1: 1, -1: 6, -2: public("device")}}, -65537: [EUR, 20000, 5000, 10],
}  # fmt: skip
FLIGHT = {-65540: [1234, DAY]}
BILL = [kid("terminal"), some("bill", 16), 1150, EUR, sha(cbor(LINES), 8)]
QUICK = {6: MORNING + 3600, -65538: MORNING + 3600}
BOUND = {6: MORNING + 3660, -65538: MORNING + 3660, -65539: [1150, EUR, sha(cbor(LINES), 8)]}
CHALLENGED = {6: MORNING + 3720, 10: sha(cbor(BILL), 8), -65538: MORNING + 3720, -65539: [1150, EUR]}
SIGNED_PASS = sign1(cbor(PASS | FLIGHT), "issuer", b"")
PAYMENTS = {
    name: sign1(cbor(claims), "device", SIGNED_PASS, header(None))
    for name, claims in (("quick", QUICK), ("bound", BOUND), ("challenged", CHALLENGED))
}
EVIDENCE = {
    "quick": [SIGNED_PASS, PAYMENTS["quick"], LINES],
    "challenged": [SIGNED_PASS, PAYMENTS["challenged"], LINES, BILL[1]],
}
DELEGATION = {1: public("bundle"), 2: MORNING + 90 * 86400, 3: 1}
SIGNED_DELEGATION = sign1(cbor(DELEGATION), "root", b"cabinpay-delegation")
FAR = MORNING + 365 * 86400
BUNDLE = {
    1: SIGNED_DELEGATION, 2: 7, 3: MORNING - 7200, 4: MORNING + 7 * 86400, 5: "XC",
    6: [[JPY, 0, [[5000, 5000, 3000], [3000, 3000, 0], [2000, 2000, 0]], 0],
        [EUR, 2, [[5000, 5000, 3000], [3000, 3000, 0], [2000, 2000, 0]], 500000]],
    7: [[public("issuer"), MORNING - 864000, FAR, [[EUR, 5000, 20000]]],
        [public("issuer next"), MORNING, FAR, [[JPY, 5000, 20000], [EUR, 5000, 20000]]]],
    8: [[public("ledger"), MORNING - 864000, FAR, 7], [public("laptop"), MORNING - 864000, FAR, 9]],
    9: [60, 604800, 500, 604800],
}  # fmt: skip
REVOKED = b"".join(sorted([kid("issuer") + some("revoked 1", 8), kid("issuer next") + some("revoked 2", 8)]))
CATALOGUE = b"".join(
    currency.to_bytes(2, "big") + sku.to_bytes(4, "big") + price.to_bytes(4, "big")
    + english.encode().ljust(28, b"\0") + chinese.encode().ljust(42, b"\0")
    for currency, sku, price, english, chinese in (
        (JPY, 101, 600, "Instant noodles", "方便面"), (EUR, 101, 350, "Instant noodles", "方便面"),
        (EUR, 205, 500, "Tea", ""),
    )
)  # fmt: skip


def stretched(number: int, pin: str, salt: bytes, count: int) -> bytes:
    state = sha(salt + number.to_bytes(8, "big") + pin.encode())
    for _ in range(count):
        state = sha(state + salt)
    return state


SALT = some("salt", 16)
CREW = (4711).to_bytes(8, "big") + (8).to_bytes(2, "big") + SALT + stretched(4711, "0815", SALT, 8)
FILES = [
    [name, len(data), sha(data)] for name, data in (("catalogue", CATALOGUE), ("crew", CREW), ("revoked", REVOKED))
]
BUNDLE_WITH_FILES = BUNDLE | {2: 8, 10: FILES, 11: [sha(b"gateway certificate"), sha(b"next gateway certificate")]}
LOGIN = [kid("ledger"), kid("terminal"), some("host nonce", 16), some("terminal nonce", 16)]
HELLO = [1, "ready", "0.1.0", "Trolley 2", public("terminal"), some("terminal nonce", 16), 7]


def signed(name: str, about: str, form: str, claims: Any, signer: str, aad: bytes, names_key: bool = True) -> Entry:
    protected, payload = header(signer if names_key else None), cbor(claims)
    return {
        "name": name, "about": about, "form": form, "claims": plain(claims), "signer": signer,
        "external_aad": aad.hex(), "sig_structure": structure(protected, aad, payload).hex(),
        "encoded": sign1(payload, signer, aad, protected).hex(),
    }  # fmt: skip


def bare(name: str, about: str, form: str, claims: Any, **more: str) -> Entry:
    return {"name": name, "about": about, "form": form, "claims": plain(claims), "encoded": cbor(claims).hex()} | more


def customer_objects() -> Iterator[Entry]:
    yield signed("pass", "A pass for any flight of one airline", "Pass", PASS, "issuer", b"")
    yield signed("pass with flight", "A pass for one flight", "Pass", PASS | FLIGHT, "issuer", b"")
    abouts = {
        "quick": "Names no amount: the crew keys it in", "bound": "Names amount, currency and order",
        "challenged": "Answers the bill below",
    }  # fmt: skip
    for name, claims in (("quick", QUICK), ("bound", BOUND), ("challenged", CHALLENGED)):
        about = abouts[name] + "; external_aad is the pass with flight"
        yield signed("payment, " + name, about, "Payment", claims, "device", SIGNED_PASS, names_key=False)
    hashed = sha(cbor(LINES))
    about = "What is sold: [sku, quantity, unit price]; sku 2 is the discount"
    yield bare("lines", about, "lines", LINES, order=hashed[:8].hex(), lines_hash=hashed[:16].hex())
    about = "What a terminal asks a passenger to pay; challenge is the first 8 bytes of SHA-256 of encoded"
    text = "CP1B:" + base45(cbor(BILL))
    yield bare("bill", about, "Bill", BILL, challenge=sha(cbor(BILL), 8).hex(), text=text)
    for name, payment in PAYMENTS.items():
        shown, about = [SIGNED_PASS, payment], "What a phone shows: pass with flight and payment"
        yield bare("customer QR, " + name, about, "customer", shown, text="CP1:" + base45(cbor(shown)))
    for name, claims in EVIDENCE.items():
        about = "Kept beside the sale's receipt" + (", with the bill's nonce" if len(claims) == 4 else "")
        hashes = {"payment_hash": sha(cbor(claims[:2]), 16).hex(), "lines_hash": hashed[:16].hex()}
        yield bare("evidence, " + name, about, "Evidence", claims, **hashes)


def chain_claims() -> Iterator[tuple[str, str, dict[int, Any]]]:
    def sale(mode: int, name: str) -> dict[int, Any]:
        return {7: mode, 8: [1150, EUR], 9: sha(cbor(EVIDENCE[name][:2]), 16), 10: sha(cbor(LINES), 16)}

    opening = {11: "4711", 12: ["XC", 1234, DAY], 13: "D-ABCD", 14: "0.1.0", 15: 7}
    closing = {16: [1, 4], 17: [[EUR, 1, 2, 2300], [EUR, 2, 1, 1150]]}
    voided, gap = {18: b"", 19: 3}, {6: 0, 20: 6, 21: [7, 8]}
    for number, name, about, kind, claims in (
        (1, "open", "First of a chain: 32 zero bytes before it", 3, opening),
        (2, "sale, quick", "A sale on the quick payment", 1, sale(3, "quick")),
        (3, "sale, challenged", "A sale on the challenged payment", 1, sale(1, "challenged")),
        (
            4,
            "void",
            "Cancels the quick sale, by the SHA-256 of its receipt: the customer has changed his mind",
            2,
            voided,
        ),
        (5, "close", "End of the shift, what the crew settles by", 4, closing),
        (6, "note", "The clock was set, outside a shift", 6, {6: 0, 22: 2, 23: "synced by f889ab3ab73a1d26"}),
        (9, "break", "Receipts 7 and 8 are lost: the chain goes on from 6", 5, gap),
    ):
        yield name, about, {1: number, 3: kind} | claims


def receipts() -> Iterator[Entry]:
    previous, hashes = bytes(32), {}
    for name, about, claims in chain_claims():
        number = claims[1]
        head = {2: previous, 4: MORNING + 3600 + 60 * number, 5: [2, 40 + number], 6: 1}
        late = {18: hashes["sale, quick"]} if claims[3] == 2 else {}
        entry = signed("receipt, " + name, about, "receipt", head | claims | late, "terminal", b"cabinpay-receipt")
        data = bytes.fromhex(entry["encoded"])
        previous = hashes[name] = sha(data)
        shown = {"text": "CP1R:" + base45(data)} if claims[3] == 1 else {}
        yield entry | {"sha256": previous.hex()} | shown


NETWORK = {1: "Ground", 2: "not a secret", 3: "10.1.2.3", 4: 7340, 5: [b"a certificate as DER", b"the next one"]}


def link_objects(head: bytes) -> Iterator[Entry]:
    about = "A root's word on who signs bundles"
    yield signed("delegation", about, "Delegation", DELEGATION, "root", b"cabinpay-delegation")
    about = "What a terminal works by, signed by the delegated key"
    yield signed("trust bundle", about, "Bundle", BUNDLE, "bundle", b"cabinpay-bundle")
    about = "The same with files that travel with it, and the gateway's certificate pins"
    yield signed("trust bundle with files", about, "Bundle", BUNDLE_WITH_FILES, "bundle", b"cabinpay-bundle")
    about, channel = "Login over serial, from ground to terminal: no channel", sha(b"gateway certificate")
    yield signed("login, host", about, "login", ["host", *LOGIN, b""], "ledger", b"cabinpay-login")
    about = "Login over TLS, from terminal to ground: channel is the certificate's SHA-256"
    yield signed("login, terminal", about, "login", ["terminal", *LOGIN, channel], "terminal", b"cabinpay-login")
    about = "The ledger holds the chain above up to its end"
    claims = [kid("terminal"), 9, head, some("ledger id", 16)]
    yield signed("ack", about, "ack", claims, "ledger", b"cabinpay-ack")
    about = "Ground time for one terminal and one session"
    claims = [kid("terminal"), some("terminal nonce", 16), MORNING]
    yield signed("time", about, "time", claims, "ledger", b"cabinpay-time")
    about = "The terminal's port may be opened until then, in this session"
    claims = [kid("terminal"), some("terminal nonce", 16), MORNING + 900]
    yield signed("maintenance", about, "maintenance", claims, "laptop", b"cabinpay-maintenance")
    about = "Ends a pull from 4 on that sent one item, [4, h'01', h'']: what came is what the terminal sent"
    claims = [kid("terminal"), some("terminal nonce", 16), 4, 4, head, sha(cbor([4, b"\x01", b""]))]
    yield signed("pulled", about, "pulled", claims, "terminal", b"cabinpay-status")
    about = "The terminal's word on itself: acknowledged up to 4 of 9 receipts, 3 % full, by its RTC"
    claims = [kid("terminal"), some("terminal nonce", 16), "ready", "1.0.0", 7, 9, 4, 3, MORNING, 1]
    yield signed("status", about, "status", claims, "terminal", b"cabinpay-status")
    about = "The network whose SHA-256 this is may be joined"
    claims = [kid("terminal"), some("terminal nonce", 16), sha(cbor(NETWORK))]
    yield signed("network", about, "network", claims, "laptop", b"cabinpay-maintenance")
    about = "The terminal's word on its last crash, in this session"
    claims = [kid("terminal"), some("terminal nonce", 16), "sale: OSError: [Errno 5] EIO"]
    yield signed("log", about, "log", claims, "terminal", b"cabinpay-status")


def trust_files() -> Iterator[Entry]:
    for name, about, data in (
        ("catalogue", "Rows of 80 bytes: what is sold, by currency and sku", CATALOGUE),
        ("crew", "Rows of 58 bytes: crew 4711 with PIN 0815, stretched 8 times", CREW),
        ("revoked", "Rows of 16 bytes: passes that pay no more, by issuer kid and cti", REVOKED),
    ):
        more = {"sha256": sha(data).hex()}
        yield {"name": "file, " + name, "about": about, "form": name, "claims": None, "encoded": data.hex()} | more


def frames() -> Iterator[Entry]:
    signed_time = sign1(cbor([kid("terminal"), some("terminal nonce", 16), MORNING]), "ledger", b"cabinpay-time")
    for name, about, form, claims in (
        ("request, hello", "The only request before login", "request", [1, "hello", []]),
        ("request, time", "A signed statement travels as an argument", "request", [2, "time", [signed_time]]),
        ("request, escapes", "Every special byte of SLIP inside", "request", [219, "x", [b"\xc0\xdb\xdc\xdd"]]),
        ("reply, hello", "Version, state, agent, label, public key, session nonce, bundle", "reply", [1, "ok", HELLO]),
        ("reply, more", "One receipt's evidence of a stream", "reply", [3, "more", [3, cbor(EVIDENCE["challenged"])]]),
        ("reply, refusal", "A stable code and one line of text", "reply", [4, "login", "log in first"]),
    ):
        yield bare(name, about, form, claims, frame=frame(cbor(claims)).hex())


def objects() -> list[Entry]:
    chain = list(receipts())
    return [*customer_objects(), *chain, *link_objects(bytes.fromhex(chain[-1]["sha256"])), *trust_files(), *frames()]
