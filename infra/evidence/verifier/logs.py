"""Events and commands as they were stored: each hash made again, each shown to be in the signed trees."""

from datetime import datetime, timezone
from typing import Any
from uuid import UUID

from commands.engine.chain import command_digest, command_hash, event_hash
from domain.merkle import Span, consistency, grew, inclusion, leaf, root_of
from infra.evidence.verifier.fail import Failed, demand
from infra.evidence.verifier.notes import Stand

Row = dict[str, Any]
"""One line of events.jsonl or commands.jsonl. `data`, `body`, `facts` and `reply` are the stored bytes as text."""


class Nodes:
    """The hashes that came along. They prove nothing by themselves: every path has to end in a signed root."""

    def __init__(self, rows: list[Row]) -> None:
        self._known = {
            (row["log"], row["first"], row["last"]): bytes.fromhex(row["hash"]) for row in rows
        }

    def path(self, log: str, spans: tuple[Span, ...]) -> list[bytes]:
        """Raises: Failed."""
        try:
            return [self._known[log, span.first, span.last] for span in spans]
        except KeyError as missing:
            raise Failed(f"a proof lacks the hash over {missing}") from None


def check_inside(nodes: Nodes, log: str, number: int, hash: bytes, size: int, root: bytes) -> None:
    """Raises: Failed unless entry `number`, from 1, of the signed log has this hash."""
    demand(0 < number <= size, f"{log} {number} is after the signed end of the log")
    path = nodes.path(log, inclusion(number - 1, size))
    made = root_of(leaf(hash), number - 1, size, path)
    demand(made == root, f"{log} {number} is not in the signed log")


def check_growth(nodes: Nodes, older: Stand, newer: Stand) -> None:
    """Raises: Failed unless the newer logs begin with the older ones."""
    demand(older.origin == newer.origin, "an anchor is of another log")
    sizes = (
        ("events", older.size, older.root, newer.size, newer.root),
        ("commands", older.commands, older.command_root, newer.commands, newer.command_root),
    )
    for log, old, old_root, new, new_root in sizes:
        demand(old <= new, f"the anchor of {older.day} has seen more {log} than there are")
        path = nodes.path(log, consistency(old, new)) if old else []
        so = grew(old, old_root, new, new_root, path)
        demand(so, f"the {log} do not begin with those that were anchored on {older.day}")


def digest_of(row: Row) -> bytes:
    """What a command's events were chained with."""
    return command_digest(
        UUID(row["command_id"]),
        row["tenant"],
        row["principal"],
        row["name"],
        row["idempotency_key"],
        row["body"].encode(),
        bytes.fromhex(row["body_mac"]),
        row["facts"].encode(),
        UUID(row["correlation_id"]),
        UUID(row["causation_id"]) if row["causation_id"] else None,
        instant(row["at"]),
        row["code_rev"],
    )


def check_commands(rows: list[Row], nodes: Nodes, stand: Stand) -> dict[str, tuple[Row, bytes]]:
    """Each command by its id, with its digest. Raises: Failed."""
    found: dict[str, tuple[Row, bytes]] = {}
    before = 0
    for row in rows:
        demand(row["seq"] > before, "commands are not in their order")
        before, digest = row["seq"], digest_of(row)
        link = command_hash(
            bytes.fromhex(row["previous"]),
            before,
            digest,
            row["outcome"],
            row["reply"].encode(),
            row["seen_position"],
            row["first_position"],
            row["last_position"],
        )
        demand(link.hex() == row["hash"], f"command {before} is not what was stored")
        check_inside(nodes, "commands", before, link, stand.commands, stand.command_root)
        found[row["command_id"]] = (row, digest)
    demand(len(found) == len(rows), "a command is here twice")
    return found


def check_events(
    rows: list[Row], commands: dict[str, tuple[Row, bytes]], nodes: Nodes, stand: Stand
) -> None:
    """Raises: Failed."""
    before = 0
    for row in rows:
        position = row["position"]
        demand(position > before, "events are not in their order")
        before = position
        demand(row["command_id"] in commands, f"the command of event {position} is missing")
        command, digest = commands[row["command_id"]]
        link = event_hash(
            bytes.fromhex(row["previous"]),
            position,
            row["epoch"],
            row["tenant"],
            row["category"],
            UUID(row["stream_id"]),
            row["version"],
            row["type"],
            row["data"].encode(),
            digest,
        )
        demand(link.hex() == row["hash"], f"event {position} is not what was stored")
        check_inside(nodes, "events", position, link, stand.size, stand.root)
        told = (row["tenant"], row["recorded_at"], "accepted")
        so = told == (command["tenant"], command["at"], command["outcome"])
        first, last = command["first_position"] or 0, command["last_position"] or 0
        demand(so and first <= position <= last, f"event {position} is none of its command's")


def check_streams(rows: list[Row], claimed: dict[str, int]) -> None:
    """Raises: Failed unless the streams that the manifest names are here from their first events to their last."""
    reached: dict[str, int] = {}
    for row in rows:
        stream, version = row["stream_id"], row["version"]
        if stream in claimed:
            so = version == reached.get(stream, 0) + 1
            demand(so, f"an event of stream {stream} is left out before version {version}")
            reached[stream] = version
    demand(reached == claimed, "a stream ends before the manifest says that it does")


def instant(text: str) -> datetime:
    """Raises: Failed unless it is written as this pack writes times."""
    at = datetime.fromisoformat(text)
    demand(
        at.tzinfo is not None and at.isoformat(timespec="microseconds") == text,
        f"{text} is no time",
    )
    return at.astimezone(timezone.utc)  # noqa: UP017  an older Python may verify this
