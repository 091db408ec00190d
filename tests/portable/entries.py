"""Reads tests/vectors entry by entry, so that a board needs memory for the longest only; and what tests ask of them."""

import json

import ed25519
from cabinpay.wire import cbor, cose, keys
from cabinpay.wire.errors import WireError

FOLDER = __file__.rsplit("/", 2)[0] + "/vectors/"


def section(name, file="cabinpay", having=b""):
    """The entries of one section, each on a line of its own; having: of those lines that contain it."""
    inside = False
    begin = ('"' + name + '": [').encode()
    with open(FOLDER + file + ".json", "rb") as f:
        for line in lines(f):
            if inside and line[:1] != b"{":
                return
            if inside and having in line:
                yield json.loads(line.rstrip(b","))
            inside = inside or line.startswith(begin)
    assert inside, "no section " + name


def lines(f):
    """A Pico's own readline asks its file system for one byte at a time."""
    rest = b""
    while True:
        piece = f.read(1024)
        if not piece:
            return
        found = (rest + piece).split(b"\n")
        rest = found.pop()
        for line in found:
            yield line


def first(form):
    """The first entry of this form."""
    return next(iter(objects(form)))


def named(name):
    """Claims of the object of this name."""
    return [claims(entry["claims"]) for entry in section("objects") if entry["name"] == name].pop()


def named_file(form):
    """The bytes of the file of this form."""
    return octets(first(form)["encoded"])


def objects(*forms):
    """Entries of these forms: at least one, or the test proves nothing."""
    found = 0
    for entry in section("objects"):
        if entry["form"] in forms:
            found += 1
            yield entry
    assert found


def public_keys():
    """32 bytes by label."""
    return {entry["label"]: octets(entry["public_key"]) for entry in section("keys")}


def octets(text):
    return bytes.fromhex(text)


def claims(value):
    """What an entry's claims stand for: h'...' is a byte string, keys of maps are integers where they look like it."""
    if isinstance(value, str):
        return octets(value[2:-1]) if value[:2] == "h'" else value
    if isinstance(value, list):
        return [claims(item) for item in value]
    if isinstance(value, dict):
        return {label(key): claims(item) for key, item in value.items()}
    return value


def label(key):
    return int(key) if key.lstrip("-").isdigit() else key


def same(a, b):
    """Equal in value and type: True is not 1."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(same(a[i], b[i]) for i in range(len(a)))
    if isinstance(a, dict):
        return len(a) == len(b) and all(k in b and same(a[k], b[k]) for k in a)
    return a == b


def check_refusals(at, function):
    """Every refusal listed for `at` is a WireError of its code when `function(entry)` reads it."""
    checked = 0
    for entry in section("refusals", having=('"at": "' + at + '"').encode()):
        checked += 1
        assert outcome(function, entry) == entry["code"], entry["name"]
    assert checked


def outcome(function, entry):
    try:
        return "accepted: " + repr(function(entry))
    except WireError as e:
        assert e.code in WireError.CODES and str(e).startswith(e.code)
        return e.code


def payload_of(entry):
    """Payload of a signed object, everything that its entry says about the signature checked on the way."""
    data, aad = octets(entry["encoded"]), octets(entry["external_aad"])
    key = public_keys()[entry["signer"]]
    sign1 = cose.parse(data, cbor)
    assert cose.signed_bytes(sign1, aad, cbor) == octets(entry["sig_structure"]), entry["name"]
    assert sign1.kid in (None, keys.kid(key))
    assert cose.open(data, lambda _, message, signature: ed25519.verify(key, message, signature), aad, cbor)
    return sign1.payload
