"""The logs themselves: both hash chains, and the Merkle trees over them against everything that was anchored."""

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from domain.merkle import Place, fold, leaf, node
from infra.cell.damage import Bad, Damaged, compare
from infra.cell.verify import verify_in
from infra.evidence.anchoring import ROLE, signer_of
from infra.evidence.anchors import NOTHING, Anchors
from infra.evidence.checkpoint import BadNote, Checkpoint, opened, public_of
from infra.evidence.checks import Found, Scene, snapshot
from infra.evidence.tree import BAND, LogName
from infra.settings import Settings, SettingsError

NODES: LiteralString = "select log, level, number, hash from {}.merkle_nodes order by level, number"
KEYS: Final[dict[LogName, str]] = {"events": "position", "commands": "seq"}


def check_logs(scene: Scene) -> Found:
    """Every hash computed again, from the first event on, up to the signed anchors."""
    with closing(snapshot(scene, ROLE)) as session:
        session.execute("set local work_mem to '64MB'")
        return logs_in(session, scene)


def logs_in(session: psycopg.Connection[Any], scene: Scene) -> Found:
    """The same, as this session sees the logs."""
    watch = Trees(scene.cell, publics(scene.settings), scene.notes)
    report = verify_in(
        session,
        scene.cell,
        scene.deciders,
        progress=lambda events: scene.told(f"{events:,} events"),
        watch=watch,
    )
    anchored = f"; {watch.said()}" if report.bad is None else ""
    return Found(f"{report}{anchored}", report.bad)


def publics(settings: Settings) -> list[bytes]:
    """The keys that anchors may be signed with. Raises: SettingsError."""
    signer = signer_of(settings)
    others = [key.strip() for key in settings.anchor_verifiers.split(",") if key.strip()]
    try:
        return [*([signer.public] if signer else []), *(public_of(key) for key in others)]
    except BadNote as bad:
        raise SettingsError(f"TUAN_ANCHOR_VERIFIERS: {bad}") from None


class Growing:
    """The tree over one log, leaf by leaf, compared with what is stored of it on the way."""

    def __init__(self, log: LogName, stored: dict[Place, bytes]) -> None:
        self.log = log
        self.size = 0
        self.head = NOTHING
        self.peaks: list[bytes] = []
        self._stored = stored

    def add(self, hash: bytes) -> None:
        """One more entry. Raises: Damaged."""
        self.head, top, number, level = hash, leaf(hash), self.size, 0
        while number & 1:
            top, number, level = node(self.peaks.pop(), top), number >> 1, level + 1
            if level % BAND == 0:
                self._compare(Place(level, number), top)
        self.peaks.append(top)
        self.size += 1

    def _compare(self, place: Place, made: bytes) -> None:
        stored = self._stored.pop(place, made)
        if stored != made:
            first = (place.number << place.level) + 1
            where = f"{self.log} {KEYS[self.log]} {first} to {first + (1 << place.level) - 1}"
            compare(
                f"merkle_nodes level {place.level} number {place.number}, over {where}",
                ("hash",),
                (stored,),
                (made,),
            )

    def beyond(self) -> None:
        """Raises: Damaged when more of the tree is stored than there are entries."""
        for place, hash in self._stored.items():
            last = (place.number + 1) << place.level
            where = f"{self.log} after {KEYS[self.log]} {self.size}"
            raise Damaged(Bad(where, "the log", "at its end", f"{last} entries at least, for"
                              f" merkle_nodes level {place.level} number {place.number},"
                              f" {hash.hex()[:16]}…"))  # fmt: skip


class Trees:
    """Watches a walk along the logs, and compares it with every anchor: those stored, and those from outside."""

    def __init__(self, cell: str, publics: Sequence[bytes], notes: Sequence[str]) -> None:
        self._cell = cell
        self._publics = list(publics)
        self._notes = notes
        self._logs: dict[LogName, Growing] = {}
        self._waiting: list[tuple[str, Checkpoint]] = []  # the earliest last
        self._agreed = 0
        self._latest: date | None = None

    def begin(self, session: psycopg.Connection[Any]) -> None:
        """Read what was anchored. Raises: Damaged when a note is not what it must be."""
        nodes: dict[LogName, dict[Place, bytes]] = {"events": {}, "commands": {}}
        query = sql.SQL(NODES).format(sql.Identifier(self._cell))
        for log, level, number, hash in session.execute(query, binary=True):
            nodes[log][Place(level, number)] = hash
        self._logs = {log: Growing(log, of) for log, of in nodes.items()}
        for checkpoint, note in Anchors(session, self._cell).stored():
            name = f"the anchor of {checkpoint.day}"
            signed = self._open(name, note)
            compare(f"anchors {checkpoint.day}", Checkpoint._fields, checkpoint, signed)
            self._waiting.append((name, checkpoint))
        for number, note in enumerate(self._notes, 1):
            signed = self._open(f"note {number} from outside", note)
            when = signed.day or f"{signed.at:%Y-%m-%d %H:%M:%SZ}"
            if signed.cell != self._cell:
                raise Damaged(Bad(f"note {number}", "its log", signed.origin, f"tuan/{self._cell}"))
            self._waiting.append((f"the anchor of {when} from outside", signed))
        self._waiting.sort(key=lambda each: (-each[1].position, -each[1].command_seq))
        self._look()

    def event(self, position: int, hash: bytes) -> None:
        self._logs["events"].add(hash)
        self._look()

    def command(self, seq: int, hash: bytes) -> None:
        self._logs["commands"].add(hash)
        self._look()

    def end(self) -> None:
        """Raises: Damaged when somebody has seen more than there is."""
        for name, anchor in reversed(self._waiting):
            for log, seen in (("events", anchor.position), ("commands", anchor.command_seq)):
                size = self._logs[log].size  # type: ignore[index]
                if size < seen:
                    where = f"{log} after {KEYS[log]} {size}"  # type: ignore[index]
                    raise Damaged(Bad(where, "the log", "at its end", f"{seen} at least: {name}"))
            raise Damaged(Bad(name, "its place", "inside a commit", "between two"))
        for tree in self._logs.values():
            tree.beyond()

    def said(self) -> str:
        if not self._agreed:
            return "nothing is anchored yet"
        latest = f", the latest day {self._latest}" if self._latest else ""
        return f"{self._agreed} anchors agree{latest}"

    # --- how -----------------------------------------------------------------------------------

    def _open(self, name: str, note: str) -> Checkpoint:
        if not self._publics:
            raise SettingsError("anchors cannot be checked: set TUAN_ANCHOR_KEY or _VERIFIERS")
        try:
            return opened(note, self._publics)
        except BadNote as bad:
            raise Damaged(Bad(name, "its note", str(bad), "signed by a key of ours")) from None

    def _look(self) -> None:
        """Compare with every anchor that is reached now."""
        events, commands = self._logs["events"], self._logs["commands"]
        while self._waiting:
            name, anchor = self._waiting[-1]
            if (anchor.position, anchor.command_seq) != (events.size, commands.size):
                return
            names = ("head_hash", "root", "command_hash", "command_root")
            said = (anchor.head_hash, anchor.root, anchor.command_hash, anchor.command_root)
            made = (events.head, fold(events.peaks), commands.head, fold(commands.peaks))
            place = f"events up to position {events.size}, commands up to seq {commands.size}"
            compare(f"{place}, against {name}", names, made, said)
            self._waiting.pop()
            self._agreed += 1
            self._latest = anchor.day or self._latest
