"""python-cwt, a CWT library of other hands, reads passes that our wire made, and our wire reads what it signed.

What python-cwt 3.3 wants, and how that is met here without bending either side:
- It reads tagged messages only, so tag 18 (one byte, 0xd2) is put before a pass; the pass itself is untagged.
- `cwt.encode` always tags, puts the kid into the unprotected header and adds `iat`. So passes are signed through its
  COSE class, which takes headers and payload as they are, and gives the message without its tag as a cbor2.CBORTag.
"""

import hashlib
import time
from typing import Any

import cbor2
import cwt
import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from cabinpay.wire import cbor, cose, keys, trust
from cabinpay.wire.claims import Pass, cnf
from cabinpay.wire.errors import WireError
from cabinpay_host import codec

TAG_18 = b"\xd2"
SEED = hashlib.sha256(b"cabinpay test key issuer").digest()
PUBLIC = bytes(SigningKey(SEED).verify_key)
KID = keys.kid(PUBLIC)
CODECS = pytest.mark.parametrize("with_codec", [cbor, codec], ids=["wire", "cbor2"])


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(public).verify(message, signature)
    except BadSignatureError:
        return False
    return True


def a_pass(age: int = 0) -> Pass:
    """Valid now, as python-cwt checks exp and nbf; `age` seconds ago it would have been."""
    now = int(time.time()) - age
    return Pass(
        sub="8letters", aud="XC", exp=now + 600, nbf=now - 600, cti=b"\x00\xff\xc0\xdb1234", cnf=cnf(bytes(range(32))),
        limits=[978, 20000, 5000, 10], flight=[1234, 20679],
    )  # fmt: skip


def claims_of(one: Pass) -> dict[int, Any]:
    return {field[0]: getattr(one, field[1]) for field in Pass.FIELDS}


def our_pass(one: Pass, with_codec: Any) -> bytes:
    return cose.sign(one.pack(with_codec), KID, lambda m: SigningKey(SEED).sign(m).signature, cose.AAD_PASS, with_codec)


def cwt_key(**private: bytes) -> Any:
    """python-cwt's key for algorithm -19 (Ed25519 of RFC 9864); d: the private half."""
    secret = {-4: private["d"]} if private else {}
    return cwt.COSEKey.new({1: 1, 2: KID, 3: -19, -1: 6, -2: PUBLIC, **secret})


def their_pass(payload: bytes, protected: dict[int, Any], unprotected: dict[int, Any], **aad: bytes) -> bytes:
    message = cwt.COSE.new().encode_and_sign(
        payload, cwt_key(d=SEED), protected=protected, unprotected=unprotected, out="cbor2/CBORTag", **aad
    )
    assert isinstance(message, cbor2.CBORTag) and message.tag == 18
    return cbor2.dumps(message.value)


@CODECS
def test_python_cwt_reads_our_pass(with_codec: Any) -> None:
    one = a_pass()
    assert cwt.decode(TAG_18 + our_pass(one, with_codec), cwt_key()) == claims_of(one)


def test_python_cwt_sees_our_headers() -> None:
    protected, unprotected, payload = cwt.COSE.new(verify_kid=True).decode_with_headers(
        TAG_18 + our_pass(a_pass(), cbor), [cwt_key()]
    )
    assert (protected, unprotected) == ({1: -19, 4: KID}, {})
    assert Pass.unpack(payload, cbor).limits == [978, 20000, 5000, 10]


def test_python_cwt_refuses_our_pass_once_it_is_changed_or_over() -> None:
    data = our_pass(a_pass(), cbor)
    with pytest.raises(cwt.VerifyError):
        cwt.decode(TAG_18 + data[:-1] + bytes([data[-1] ^ 1]), cwt_key())
    with pytest.raises(cwt.VerifyError):
        cwt.decode(TAG_18 + data.replace(b"8letters", b"8Letters"), cwt_key())
    with pytest.raises(cwt.VerifyError, match="expired"):
        cwt.decode(TAG_18 + our_pass(a_pass(age=3600), cbor), cwt_key())


def test_python_cwt_reads_tagged_messages_only() -> None:
    with pytest.raises(cwt.DecodeError):
        cwt.decode(our_pass(a_pass(), cbor), cwt_key())


@CODECS
def test_we_read_what_python_cwt_signed(with_codec: Any) -> None:
    one = a_pass()
    data = their_pass(cbor2.dumps(claims_of(one)), {1: -19, 4: KID}, {})
    payload = cose.open(data, trust.by_keys([PUBLIC], verify), cose.AAD_PASS, with_codec)
    assert vars(Pass.unpack(payload, with_codec)) == vars(one)


@CODECS
def test_both_make_the_same_bytes(with_codec: Any) -> None:
    one = a_pass()
    assert their_pass(one.pack(with_codec), {1: -19, 4: KID}, {}) == our_pass(one, with_codec)


def test_external_aad_means_the_same_to_both() -> None:
    data = their_pass(b"payload", {1: -19, 4: KID}, {}, external_aad=cose.AAD_RECEIPT)
    assert cose.open(data, trust.by_keys([PUBLIC], verify), cose.AAD_RECEIPT, cbor) == b"payload"
    with pytest.raises(WireError, match="signature"):
        cose.open(data, trust.by_keys([PUBLIC], verify), cose.AAD_ACK, cbor)
    ours = cose.sign(b"payload", KID, lambda m: SigningKey(SEED).sign(m).signature, cose.AAD_RECEIPT, cbor)
    assert cwt.COSE.new().decode(TAG_18 + ours, cwt_key(), external_aad=cose.AAD_RECEIPT) == b"payload"
    with pytest.raises(cwt.VerifyError):
        cwt.COSE.new().decode(TAG_18 + ours, cwt_key(), external_aad=cose.AAD_ACK)


def test_what_python_cwt_makes_by_itself_is_not_in_our_form() -> None:
    claims = claims_of(a_pass())
    tagged = cwt.encode(claims, cwt_key(d=SEED))
    with pytest.raises(WireError, match="cbor"):
        cose.parse(tagged, cbor)
    with pytest.raises(WireError, match="cose"):
        cose.parse(tagged.removeprefix(TAG_18), cbor)
    assert cbor2.loads(cbor2.loads(tagged).value[2]).keys() == {*claims, 6}
