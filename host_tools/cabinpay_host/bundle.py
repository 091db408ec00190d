"""Making trust bundles: a root delegates to a bundle key, a bundle key signs what a TOML file says.

Nothing leaves here that a terminal would refuse: what was signed is opened again as a terminal opens it. Codes:
delegation_bad, delegation_key, delegation_expired, bundle_bad, bundle_old, key_shared.
"""

from pathlib import Path

from cabinpay.wire import cose
from cabinpay.wire.cbor import MAX_SIZE
from cabinpay.wire.errors import WireError
from cabinpay.wire.schema import MAX_TIME, U32
from cabinpay.wire.trust import Bundle, Delegation, by_keys, open_bundle

from . import bundle_files, bundle_spec, codec, crypto, files
from .errors import Exit, HostError
from .keys import Key

EXAMPLE = """\
airline = "9C"
version = 1                       # rises with every bundle
valid_days = 7                    # from the moment it is made

[limits]
freshness_seconds = 60            # how old a bound or quick payment may be: 30 to 120
pass_days = 30                    # longest life of a pass that terminals accept
max_sales = 500                   # since the last authenticated ground time
retention_days = 7                # how long acknowledged receipts stay on the terminal

[currencies.156]                  # ISO 4217 number; all amounts in minor units
exponent = 2
max_sum = 5000000                 # since the last authenticated ground time
challenged = { rtc = 50000, synced = 50000, floor = 20000 }
bound = { rtc = 20000, synced = 20000 }    # what is left out is 0: off
quick = { rtc = 5000, synced = 5000 }

[[issuers]]
key = "issuer.pub"                # beside this file
from = 2026-01-01
until = 2028-01-01
currencies.156 = { per_sale = 50000, total = 200000 }

[[ground]]
key = "laptop.pub"
from = 2026-01-01
until = 2028-01-01
rights = ["pull", "time"]         # pull, ack, time, maintain

[[ground]]
key = "ledger.pub"                # signs what the ledger holds: without it nothing is ever acknowledged
from = 2026-01-01
until = 2028-01-01
rights = ["ack"]

# [files]                         # travel with the bundle; paths beside this file
# revoked = "revoked.txt"         # a line a pass: KID:CTI in hex
# catalogue = "catalogue.csv"     # sku,english,chinese,price,currency; price in minor units
# crew = "crew.json"              # made by cabinpay bundle crew add: sign-on asks for a PIN then

# [gateway]                       # SHA-256 of the certificates that terminals accept, in hex
# current = "..."
# next = "..."
"""


def make_delegation(root: Key, bundle_public: bytes, not_after: int, serial: int) -> bytes:
    """COSE bytes: `root` lets the key `bundle_public` (32 bytes) sign bundles until `not_after` (Unix seconds)."""
    if not 1 <= serial <= U32:
        raise HostError(
            "delegation_bad", f"a serial is a whole number from 1 to {U32} that rises every time", Exit.USAGE
        )
    if not 0 <= not_after <= MAX_TIME:
        raise HostError("delegation_bad", "a delegation ends on a day from 1970 on", Exit.USAGE)
    _refuse_shared([root.public, bundle_public])
    delegation = Delegation(bundle_key=bundle_public, not_after=not_after, serial=serial)
    return root.sign(delegation.pack(codec), cose.AAD_DELEGATION)


def open_delegation(data: bytes, roots: list[bytes]) -> Delegation:
    """The delegation behind COSE bytes signed by one of `roots` (32 bytes each)."""
    try:
        payload = cose.open(data, by_keys(roots, crypto.verify), cose.AAD_DELEGATION, codec)
        return Delegation.unpack(payload, codec)
    except WireError as e:
        raise HostError(
            "delegation_bad", f"no delegation signed by this root ({e.code}); make a new one", Exit.INPUT
        ) from None


def make_bundle(spec: Path, key: Key, delegation: bytes, roots: list[bytes], now: int) -> bytes:
    """COSE bytes of the bundle that `spec` describes, see `make_with_files`."""
    return make_with_files(spec, key, delegation, roots, now)[0]


def make_with_files(
    spec: Path, key: Key, delegation: bytes, roots: list[bytes], now: int
) -> tuple[bytes, bundle_files.Contents]:
    """COSE bytes of the bundle that `spec` (TOML) describes, issued at `now` (Unix seconds), signed by `key`, and the
    files that travel with it.

    roots: the public root keys (32 bytes each) that terminals have pinned; delegation: COSE bytes of one of them.
    """
    word = open_delegation(delegation, roots)
    if word.bundle_key != key.public:
        raise HostError(
            "delegation_key", "the delegation is for another bundle key; delegate to this one first", Exit.REFUSED
        )
    bundle, contents = bundle_spec.read(spec, delegation, now)
    if bundle.not_after > word.not_after:
        raise HostError(
            "delegation_expired", "valid_days reaches past the delegation; shorten it or delegate anew", Exit.REFUSED
        )
    _refuse_shared([*roots, key.public, *(entry[0] for entry in bundle.issuers + bundle.ground)])
    data = key.sign(_packed(bundle), cose.AAD_BUNDLE)
    open_checked(data, roots)
    return data, contents


def open_checked(data: bytes, roots: list[bytes]) -> tuple[Delegation, Bundle]:
    """Delegation and bundle with both signatures checked, as a terminal that has pinned `roots` does."""
    try:
        return open_bundle(data, roots, crypto.verify, codec)
    except WireError as e:
        raise HostError(
            "bundle_bad", f"a terminal that has this root refuses it ({e.code}); check both", Exit.INPUT
        ) from None


def peek(data: bytes) -> tuple[Delegation, Bundle]:
    """Delegation and bundle with no signature checked: to look at, not to believe."""
    try:
        bundle = Bundle.unpack(cose.parse(data, codec).payload, codec)
        return Delegation.unpack(cose.parse(bundle.delegation, codec).payload, codec), bundle
    except WireError as e:
        raise HostError("bundle_bad", f"no trust bundle ({e.code}: {e.detail}); check the path", Exit.INPUT) from None


def write(path: Path, data: bytes, contents: bundle_files.Contents | None = None) -> None:
    """Puts a bundle in place of an older one, by one rename, its files beside it before that; anything else that is
    there stays, with HostError."""
    if path.exists():
        present = peek(files.read(path, MAX_SIZE))[1]
        if present.version >= peek(data)[1].version:
            reason = f"{path} is version {present.version} already; raise `version` above that"
            raise HostError("bundle_old", reason, Exit.REFUSED)
    bundle_files.write(path, contents or {})
    files.replace(path, data)
    bundle_files.tidy(path, contents or {})


def _packed(bundle: Bundle) -> bytes:
    try:
        return bundle.pack(codec)
    except ValueError as e:
        raise HostError(
            "bundle_bad", f"no terminal takes such a bundle: {e}; make its files smaller", Exit.INPUT
        ) from None


def _refuse_shared(publics: list[bytes]) -> None:
    if len(set(publics)) != len(publics):
        raise HostError("key_shared", "one key stands in two places; each role needs a key of its own", Exit.REFUSED)
