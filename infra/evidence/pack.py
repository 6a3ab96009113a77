"""An evidence pack put together: stored bytes, proofs that they are in the signed log, and the program that checks it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, Any, Final
from uuid import UUID

import msgspec
import psycopg

from commands.engine.chain import GENESIS
from domain.events import Event
from domain.events.bill import BillFetched, BillRejected, BillRestated
from domain.ledger import postings
from domain.ledger_entry import day
from domain.merkle import Span, consistency, inclusion
from infra.evidence.anchors import Anchors
from infra.evidence.assembled import verifier
from infra.evidence.bill_lines import bill_text
from infra.evidence.checkpoint import BadNote, Checkpoint, Signer, b64, opened
from infra.evidence.container import Container
from infra.evidence.gather import Reader, Subject
from infra.evidence.tree import LogName
from infra.evidence.verifier.main import FORMAT, SIGNED_AS
from infra.evidence.verifier.money import attempts
from projections import ledger
from projections.recorded import Recorded

ANCHORS_MAX: Final = 62  # the latest
EVENT_COLUMNS: Final = (
    "position", "epoch", "tenant", "category", "stream_id", "version", "type", "data", "command_id",
    "recorded_at", "hash", "previous",
)  # fmt: skip
COMMAND_COLUMNS: Final = (
    "seq", "command_id", "tenant", "principal", "name", "idempotency_key", "body", "body_mac", "facts",
    "outcome", "reply", "seen_position", "first_position", "last_position", "code_rev", "correlation_id",
    "causation_id", "at", "hash", "previous",
)  # fmt: skip
AS_TEXT: Final = {
    "data",
    "body",
    "facts",
    "reply",
}  # JSON as it was stored; other bytes are hexadecimal
README: Final = """存证包 / Evidence pack

核验（只需 Python 3.10 以上，不需要任何其他软件，也不联网）：
    python -I -S verify.py 本包.zip --key 平台公布的验证公钥 [--anchor 您保存的锚定文件]

events.jsonl     事件：存储原文，一行一条
commands.jsonl   引起它们的命令：谁、何时、请求与回复；个人信息保持密封
entries.jsonl    由事件产生的会计分录
attempts.jsonl   每一次渠道调用：请求摘要、回复摘要
nodes.jsonl      证明用到的哈希（RFC 6962）
checkpoint.txt   证明所依据的、已签名的日志状态；anchors/ 为每日锚定
bill_lines.jsonl 与之核对一致的渠道账单行：原文、所在文件摘要与行号；解析后的内容在对账事件中
bills/           渠道账单原文（按日存证时），以 SHA-256 命名
manifest.json    清单；manifest.sig 为其签名

To verify, with Python 3.10 or later and nothing else, on any machine without a network:
    python -I -S verify.py THIS.zip --key THE-KEY-THAT-THE-PLATFORM-PUBLISHES [--anchor A-FILE-YOU-KEPT]
"""

encode: Final = msgspec.json.Encoder(order="deterministic").encode
decode: Final = msgspec.json.Decoder(Event).decode


class Proofs:
    """The hashes by which what is packed is shown to be in the signed logs, each written once."""

    def __init__(self, anchors: Anchors, checkpoint: Checkpoint) -> None:
        self._trees = anchors.trees
        self._sizes: dict[LogName, int] = {
            "events": checkpoint.position,
            "commands": checkpoint.command_seq,
        }
        self._needed: dict[tuple[LogName, Span], None] = {}

    def inside(self, log: LogName, number: int) -> None:
        """Entry `number`, from 1, is to be shown."""
        self._need(log, inclusion(number - 1, self._sizes[log]))

    def grew(self, older: Checkpoint) -> None:
        """The logs of today are to be shown to begin with the older ones."""
        for log, size in (("events", older.position), ("commands", older.command_seq)):
            if size:
                self._need(log, consistency(size, self._sizes[log]))  # type: ignore[arg-type,index]

    def _need(self, log: LogName, spans: tuple[Span, ...]) -> None:
        self._needed.update(dict.fromkeys((log, span) for span in spans))

    def rows(self) -> Iterator[bytes]:
        for log, span in sorted(self._needed):
            (hash,) = self._trees[log].proof([span])
            row = {"log": log, "first": span.first, "last": span.last, "hash": hash.hex()}
            yield encode(row) + b"\n"


def write_pack(
    out: IO[bytes],
    session: psycopg.Connection[Any],
    cell: str,
    of: Subject,
    signer: Signer,
    now: datetime,
) -> None:
    """Write the whole pack. The session is one snapshot, in a transaction. Raises: TooLarge."""
    anchors, reader, pack = Anchors(session, cell), Reader(session, cell), Container(out)
    checkpoint = anchors.at_head(now)
    proofs = Proofs(anchors, checkpoint)
    pack.add("README.txt", [README.encode()])
    pack.add("verify.py", [verifier()])
    pack.add("checkpoint.txt", [signer.sign(checkpoint).encode()])
    packed = Packed(proofs, of)
    pack.add("events.jsonl", map(packed.event, reader.events(of)))
    pack.add("commands.jsonl", map(packed.command, reader.commands(of, list(packed.caused))))
    pack.add("entries.jsonl", packed.entries)
    pack.add("attempts.jsonl", packed.attempts())
    pack.add("bill_lines.jsonl", reader.bill_lines(of))
    for digest in packed.bills if of.kind == "day" else ():
        pack.add(f"bills/{digest}.txt", bill_text(session, of.tenant, digest))
    for name, older, note in anchored(anchors, signer, packed.first_at):
        proofs.grew(older)
        pack.add(name, [note.encode()])
    pack.add("nodes.jsonl", proofs.rows())
    manifest = manifest_of(of, checkpoint, signer, now, pack.digests)
    pack.add("manifest.json", [manifest])
    pack.add("manifest.sig", [b64(signer.sign_bytes(SIGNED_AS + manifest)).encode() + b"\n"])
    pack.close()


class Packed:
    """What was packed so far, as far as other files follow from it."""

    def __init__(self, proofs: Proofs, of: Subject) -> None:
        self._proofs = proofs
        self._of = of
        self._calls: list[dict[str, Any]] = []  # events about calls to channels
        self._commands: dict[str, dict[str, Any]] = {}
        self.caused: dict[UUID, None] = {}
        self.entries: list[bytes] = []
        self.bills: dict[str, None] = {}  # digests of the files that came for the date
        self.first_at: datetime | None = None

    def event(self, row: Sequence[Any]) -> bytes:
        shown = shown_as(EVENT_COLUMNS, row)
        self._proofs.inside("events", shown["position"])
        self.caused[row[8]] = None
        self.first_at = self.first_at or row[9]
        if shown["category"] in ("refund", "payout", "split"):
            self._calls.append(shown)
        one = Recorded(row[0], row[9], row[2], row[4], decode(row[7]))
        if one.stream in self._of.streams and isinstance(one.event, OF_FILES):
            self.bills[one.event.sha256] = None
        for nth, entry in enumerate(postings(one.event)):
            lines = [msgspec.to_builtins(line) for line in ledger.lines_of(one, nth, entry)]
            whole = (
                {name: lines[0][name] for name in lines[0] if name not in OF_A_LINE}
                if lines
                else {}
            )
            parts = [{name: line[name] for name in OF_A_LINE} for line in lines]
            if lines:
                self.entries.append(encode(whole | {"lines": parts}) + b"\n")
        return encode(shown) + b"\n"

    def command(self, row: Sequence[Any]) -> bytes:
        shown = shown_as(COMMAND_COLUMNS, row)
        self._proofs.inside("commands", shown["seq"])
        self._commands[shown["command_id"]] = shown
        return encode(shown) + b"\n"

    def attempts(self) -> list[bytes]:
        return [encode(one) + b"\n" for one in attempts(self._calls, self._commands)]


OF_FILES: Final = BillFetched | BillRestated | BillRejected
OF_A_LINE: Final = ("line", "account", "sub_key", "debit_fen", "credit_fen")


def anchored(
    anchors: Anchors, signer: Signer, since: datetime | None
) -> Iterator[tuple[str, Checkpoint, str]]:
    """The anchors since the first event, as far as they are signed with the key of today."""
    stored = [
        each
        for each in anchors.stored()
        if since is None or (each[0].day or day(since)) >= day(since)
    ]
    for checkpoint, note in stored[-ANCHORS_MAX:]:
        try:
            opened(note, [signer.public])
        except BadNote:
            continue  # by an earlier key: shown by the anchors after it
        yield f"anchors/{checkpoint.day}.txt", checkpoint, note


def manifest_of(
    of: Subject, checkpoint: Checkpoint, signer: Signer, now: datetime, digests: dict[str, str]
) -> bytes:
    manifest = {
        "format": FORMAT,
        "kind": of.kind,
        "id": of.id,
        "tenant": of.tenant,
        "cell": checkpoint.cell,
        "made_at": text_of(now),
        "key": signer.verifier(checkpoint.cell),
        "streams": {str(stream): length for stream, length in of.streams.items()},
        "files": digests,
    }
    return msgspec.json.format(encode(manifest), indent=1) + b"\n"


def shown_as(columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return {name: shown_value(name, value) for name, value in zip(columns, row, strict=True)}


def shown_value(name: str, value: Any) -> Any:
    match value:
        case bytes() if name in AS_TEXT:
            return value.decode()
        case bytes():
            return value.hex()
        case datetime():
            return text_of(value)
        case UUID():
            return str(value)
        case None if name == "previous":
            return GENESIS.hex()
    return value


def text_of(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
