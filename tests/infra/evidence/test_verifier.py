"""What the verifier leans on, each by itself: signatures as others make them, and histories in which money moved twice."""

import json
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from domain.events.refund import (
    RefundEvent,
    RefundPaidElsewhere,
    RefundProposed,
    RefundReissued,
    RefundResolutionApproved,
    RefundResolutionProposed,
    RefundRetried,
    RefundSucceeded,
)
from domain.money import Money
from infra.evidence.assembled import OURS, verifier
from infra.evidence.container import Container
from infra.evidence.verifier.container import packed, unpacked
from infra.evidence.verifier.ed25519 import ORDER, PRIME, signed
from infra.evidence.verifier.fail import Failed
from infra.evidence.verifier.money import moved_once, within_captures
from infra.evidence.verifier.notes import key_of
from tests.architecture.catalogue import golden
from tests.builders import NOON, order
from tests.refunds import (
    NUMBERS,
    ONE,
    REQUESTED,
    P,
    R,
    accepted,
    closed,
    doubt,
    no,
    started,
)

RFC_8032 = """
d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a -
e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c 72
92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025 af82
6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"""


# --- signatures -------------------------------------------------------------------------------


def test_the_examples_of_the_standard_are_right() -> None:
    words = [word.replace("-", "") for word in RFC_8032.split()]
    for at in range(0, len(words), 4):
        key, text, proof = map(
            bytes.fromhex, (words[at], words[at + 1], "".join(words[at + 2 : at + 4]))
        )
        assert signed(key, proof, text)
        assert not signed(key, proof, text + b"\0")


def test_it_says_yes_and_no_where_another_implementation_does() -> None:
    rng = Random(7)
    for _ in range(60):
        private = Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
        public, message = private.public_key().public_bytes_raw(), rng.randbytes(rng.randrange(200))
        signature = private.sign(message)
        assert signed(public, signature, message)
        for _ in range(6):
            spoiled = [bytearray(part) for part in (public, signature, message or b"x")]
            part = rng.choice(spoiled)
            part[rng.randrange(len(part))] ^= 1 << rng.randrange(8)
            changed = [bytes(part) for part in spoiled]
            assert signed(*changed) == says_the_other(*changed)


def says_the_other(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_a_signature_can_be_written_in_one_way_only() -> None:
    private = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"x")
    proof = int.from_bytes(signature[32:], "little") + ORDER
    assert not signed(public, signature[:32] + proof.to_bytes(32, "little"), b"x")
    assert not signed(
        (PRIME + 1).to_bytes(32, "little"), signature, b"x"
    )  # y = 1, written another way
    assert not signed(public[:-1], signature, b"x")
    assert not signed(public, signature + b"\0", b"x")


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AAAA", "a+0+" + "A" * 44])
def test_a_misspelt_key_is_refused(text: str) -> None:
    with pytest.raises(Failed):
        key_of(text)


# --- the file ---------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,9}(/[a-z]{1,9})?", fullmatch=True), st.binary(max_size=99)
    )
)
def test_a_pack_is_a_zip_that_can_be_written_in_one_way(files: dict[str, bytes]) -> None:
    out = BytesIO()
    container = Container(out)
    for name, data in files.items():
        container.add(name, [data[:5], data[5:]])
    container.close()
    assert out.getvalue() == packed(files)
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert {each.filename: archive.read(each) for each in archive.infolist()} == files


def test_a_pack_may_be_read_from_where_it_was_unpacked(tmp_path: Path) -> None:
    files = {"a.txt": b"1", "anchors/b.txt": b"2"}
    (tmp_path / "pack.zip").write_bytes(packed(files))
    zipfile.ZipFile(tmp_path / "pack.zip").extractall(tmp_path / "out")
    assert unpacked(tmp_path / "out") == unpacked(tmp_path / "pack.zip") == files
    with pytest.raises(Failed, match="cannot be read"):
        unpacked(tmp_path / "nothing.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("a.txt", b"1")
    with pytest.raises(Failed, match="around its files"):
        unpacked(tmp_path / "other.zip")


def test_the_verifier_takes_nothing_from_anywhere_but_the_standard_library() -> None:
    source = verifier().decode()
    assert not [line for line in source.splitlines() if line.startswith(("from ", "import "))
                and line.split()[1].startswith(tuple(word.rstrip(".") for word in OURS))]  # fmt: skip
    compile(source, "verify.py", "exec")
    assert source.count("def demand(") == source.count("def event_hash(") == 1


# --- how often money moved --------------------------------------------------------------------


def row(number: int, event: Any, category: str = "refund") -> dict[str, Any]:
    return {
        "category": category,
        "stream_id": str(R),
        "version": number,
        "position": number,
        "type": event.__struct_config__.tag,
        "data": msgspec.json.encode(event).decode(),
        "command_id": "c",
    }


def told(*events: RefundEvent) -> Sequence[str]:
    return moved_once([row(number, event) for number, event in enumerate(events, 1)], "refund")


def succeeded(number: str = ONE) -> RefundSucceeded:
    return RefundSucceeded(
        R, order(1), number, "50300", Money(990), "招商银行信用卡0403", NOON, "query", NOON
    )


TWO = NUMBERS[1]
AGAIN = RefundReissued(R, TWO, ONE, 1, NOON, NOON)
ELSEWHERE = RefundPaidElsewhere(R, order(1), Money(990), "ICBC 7", False, NOON)


def agreed(action: str, by: str = "dan") -> tuple[RefundEvent, RefundEvent]:
    return (
        RefundResolutionProposed(R, P, action, "", "", "cat", "", NOON),  # type: ignore[arg-type]
        RefundResolutionApproved(R, P, action, by, NOON, NOON),  # type: ignore[arg-type]
    )


def wished(by: str = "dan") -> tuple[RefundEvent, ...]:
    """An operator's wish, which another person has to approve as well."""
    stored = msgspec.json.decode(golden(RefundProposed).read_bytes(), type=RefundProposed)
    wish = msgspec.structs.replace(stored, refund_id=R, proposal_id=P, by="cat")
    return wish, RefundResolutionApproved(R, P, "pay", by, NOON, NOON)


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ((*wished(), REQUESTED, started(1), accepted(1), succeeded()), f"once ({ONE})"),
        ((REQUESTED,), "not at all so far; 0 attempts"),
        ((REQUESTED, started(1), doubt(1), started(2), accepted(2), succeeded()), f"once ({ONE}); 2 attempts, 1 of"),
        ((REQUESTED, started(1), accepted(1), succeeded(), succeeded()), f"once ({ONE})"),
        ((REQUESTED, started(1), accepted(1), closed(), AGAIN, started(2, number=TWO), accepted(2, number=TWO),
          succeeded(TWO)), f"once ({TWO})"),
        ((REQUESTED, started(1), no(1), *agreed("paid_elsewhere"), ELSEWHERE), "once (elsewhere: ICBC 7)"),
        ((REQUESTED, started(1), doubt(1), RefundRetried(R, ONE, NOON, NOON), *agreed("reissue"), AGAIN,
          started(2, number=TWO)), "not at all so far; 2 attempts"),
    ],
)  # fmt: skip
def test_histories_in_which_money_moved_once_at_most(
    events: tuple[RefundEvent, ...], says: str
) -> None:
    assert says in told(*events)[0]


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ((REQUESTED, started(1), started(2, number=TWO)), "both alive"),
        ((REQUESTED, started(1), accepted(1), AGAIN), "replaced while it was alive"),
        ((REQUESTED, started(1), accepted(1), *agreed("reissue"), AGAIN), "had it in hand"),
        ((REQUESTED, started(1), accepted(1), succeeded(), succeeded(TWO)), "money moved twice"),
        ((REQUESTED, started(1), accepted(1), succeeded(), *agreed("paid_elsewhere"), ELSEWHERE), "in hand|twice"),
        ((REQUESTED, started(1), accepted(1), *agreed("paid_elsewhere"), ELSEWHERE), "had it in hand"),
        ((REQUESTED, started(1), accepted(1), closed(), succeeded()), "was paid after it had ended"),
        ((REQUESTED, started(1), accepted(1), closed(), started(2)), "was tried after it had ended"),
        ((REQUESTED, started(1), accepted(1), succeeded(), started(2)), "tried after the money had moved"),
        ((REQUESTED, started(1), doubt(1), started(3)), "attempt 2 is missing"),
        ((REQUESTED, started(1), no(1), ELSEWHERE), "by one person alone"),
        ((REQUESTED, started(1), no(1), *agreed("paid_elsewhere", by="cat")), "one person proposed and"),
        (wished(by="cat"), "one person proposed and"),
    ],
)  # fmt: skip
def test_histories_in_which_money_could_have_moved_twice(
    events: tuple[RefundEvent, ...], why: str
) -> None:
    with pytest.raises(Failed, match=why):
        told(*events)


def test_never_more_goes_back_than_came_in() -> None:
    def rows(*events: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"category": "payment", "stream_id": "p", "type": f"payment.{tag}.v1", "data": json.dumps(says)}
            for tag, says in events
        ]  # fmt: skip

    came = ("captured", {"transaction_id": "T", "amount": {"fen": 100}})
    half = ("refund_started", {"number": "1", "transaction_id": "T", "amount": {"fen": 60}})
    rest = ("refund_started", {"number": "2", "transaction_id": "T", "amount": {"fen": 60}})
    over = ("refund_ended", {"number": "1"})
    assert within_captures(rows(came, half, over, rest)) == [
        "payment p: 100 fen came in, no more than 60 may have gone back"
    ]
    with pytest.raises(Failed, match="would give back 120 of 100 fen"):
        within_captures(rows(came, half, rest))
    with pytest.raises(Failed, match="would give back 60 of 0 fen"):
        within_captures(rows(half))
