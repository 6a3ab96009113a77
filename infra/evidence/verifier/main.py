"""`python verify.py PACK.zip [--key VERIFIER_KEY] [--anchor FILE]`: prints what is proven, or the first thing that is not."""

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from infra.evidence.verifier.container import unpacked
from infra.evidence.verifier.ed25519 import signed
from infra.evidence.verifier.fail import Failed, demand
from infra.evidence.verifier.logs import (
    Nodes,
    Row,
    check_commands,
    check_events,
    check_growth,
    check_streams,
)
from infra.evidence.verifier.money import attempts, moved_once, within_captures
from infra.evidence.verifier.notes import Key, Stand, exact, key_of, stand

FORMAT = "tuan-evidence/1"
SIGNED_AS = b"tuan evidence manifest\n"
USAGE = "usage: python verify.py PACK.zip [--key VERIFIER_KEY] [--anchor FILE]"
MANIFEST, SIGNATURE, CHECKPOINT = "manifest.json", "manifest.sig", "checkpoint.txt"
BY_LINES = ("events.jsonl", "commands.jsonl", "entries.jsonl", "attempts.jsonl", "nodes.jsonl",
            "bill_lines.jsonl")  # fmt: skip


def open_manifest(files: dict[str, bytes], given: str) -> tuple[dict[str, Any], Key]:
    """The signed list of what is here, and the key it is signed with. Raises: Failed."""
    for name in (MANIFEST, SIGNATURE, CHECKPOINT, *BY_LINES):
        demand(name in files, f"{name} is missing")
    try:
        manifest = json.loads(files[MANIFEST])
        demand(manifest["format"] == FORMAT, "this verifier does not know this kind of pack")
        key, listed = key_of(given or manifest["key"]), manifest["files"]
        signature = exact(files[SIGNATURE].decode().removesuffix("\n"))
        demand(files[SIGNATURE].endswith(b"\n"), "the manifest's signature is cut off")
    except (ValueError, KeyError, TypeError) as error:
        raise Failed(f"the manifest cannot be read: {error!r}") from None
    demand(
        signed(key.public, signature, SIGNED_AS + files[MANIFEST]),
        "the manifest is not signed by this key",
    )
    others = {name: data for name, data in files.items() if name not in (MANIFEST, SIGNATURE)}
    demand(set(others) == set(listed), "the files are not those that the manifest names")
    for name, data in others.items():
        demand(sha256(data).hexdigest() == listed[name], f"{name} was changed")
    return manifest, key


def rows_of(files: dict[str, bytes], name: str) -> list[Row]:
    """Raises: Failed."""
    try:
        return [json.loads(line) for line in files[name].decode().split("\n")[:-1]]
    except ValueError as error:
        raise Failed(f"{name} cannot be read: {error}") from None


def check_entries(rows: list[Row], events: list[Row]) -> str:
    """Every entry belongs to an event that is here, has the number that follows from it, and adds up to zero."""
    known = {row["position"]: row for row in events}
    for entry in rows:
        position = entry["position"]
        demand(position in known, f"the event {position} of an entry is missing")
        part = f" part {entry['nth']}" if entry["nth"] else ""
        name = f"entry {position} rules {entry['rule_version']}{part}"
        id = str(uuid5(UUID(known[position]["stream_id"]), name))
        demand(
            entry["entry_id"] == id, f"entry {entry['nth']} of event {position} has another's id"
        )
        left = sum(line["debit_fen"] - line["credit_fen"] for line in entry["lines"])
        demand(left == 0, f"entry {entry['nth']} of event {position} does not add up to zero")
    return f"{len(rows)} entries, each of an event that is here, and each adds up to zero"


def check_bills(files: dict[str, bytes]) -> list[str]:
    """Raw bills are named by their digests."""
    for name, data in files.items():
        if name.startswith("bills/"):
            digest = name.removeprefix("bills/").partition(".")[0]
            demand(sha256(data).hexdigest() == digest, f"{name} is not what it is named after")
    count = sum(name.startswith("bills/") for name in files)
    return [f"{count} raw bills are what they were when they were fetched"] if count else []


def check_bill_lines(rows: list[Row], events: list[Row]) -> list[str]:
    """Each line is one that an event here matched, of a file that an event here names."""
    known = {row["position"]: json.loads(row["data"]) for row in events}
    named = {(says["bill_id"], says["sha256"]) for says in known.values() if "channel_hash" in says}
    for row in rows:
        where = f"line {row['line']} of bill {row['bill_id']}"
        demand((row["bill_id"], row["sha256"]) in named, f"{where}: no event names its file")
        says = known.get(row["position"], {})
        demand(says.get("bill_id") == row["bill_id"], f"{where}: no event matched it")
        found = [it for it in says["matches"] if it["line"] == row["line"]]
        demand(bool(found), f"{where}: no event matched it")
        demand(found[0]["channel_number"] in row["text"], f"{where} is not what was matched")
    return [f"{len(rows)} lines of bills say what was matched with them"] if rows else []


def check_anchors(files: dict[str, bytes], nodes: Nodes, key: Key, newest: Stand) -> list[str]:
    """The logs of today begin with those of every anchor that came along."""
    days = []
    for name in sorted(files):
        if name.startswith("anchors/"):
            older = stand(files[name].decode(), key)
            check_growth(nodes, older, newest)
            days.append(older.day)
    if not days:
        return []
    return [f"the log begins with what was anchored on {len(days)} days, the last {days[-1]}"]


def kept_outside(files: dict[str, bytes], path: str) -> str:
    """The reader's own anchor is one of those that were checked."""
    try:
        note = Path(path).read_bytes()
    except OSError as error:
        raise Failed(f"{path} cannot be read: {error}") from None
    same = [name for name in files if name.startswith("anchors/") and files[name] == note]
    demand(bool(same), f"{path} is none of the anchors that this pack was made under")
    return f"{path} is one of them"


def verified(path: str, key_text: str = "", anchor: str = "") -> list[str]:
    """What is proven, a sentence each. Raises: Failed."""
    files = unpacked(Path(path))
    manifest, key = open_manifest(files, key_text)
    newest = stand(files[CHECKPOINT].decode(), key)
    demand(newest.origin == f"tuan/{manifest['cell']}", "the checkpoint is of another log")
    told = [
        f"evidence of {manifest['kind']} {manifest['id']} of tenant {manifest['tenant']}",
        f"{len(manifest['files'])} files are what the manifest says, signed by {key.name}+{key.id.hex()}",
    ]
    nodes = Nodes(rows_of(files, "nodes.jsonl"))
    told += check_anchors(files, nodes, key, newest)
    if anchor:
        told.append(kept_outside(files, anchor))
    rows, asked = rows_of(files, "events.jsonl"), rows_of(files, "commands.jsonl")
    tenants = {row["tenant"] for row in (*rows, *asked)}
    demand(tenants <= {manifest["tenant"]}, "something of another tenant is here")
    commands = check_commands(asked, nodes, newest)
    check_events(rows, commands, nodes, newest)
    told.append(
        f"{len(rows)} events and {len(asked)} commands are in the signed log, byte for byte"
    )
    streams, in_parts = manifest["streams"], manifest["kind"] == "day"
    demand(in_parts or manifest["id"] in streams, "the stream that this is about is not named")
    check_streams(rows, streams)
    told.append(f"{len(streams)} streams are here from their first event to their last")
    whole = [row for row in rows if row["stream_id"] in streams]
    told += [sentence for each in ("refund", "payout") for sentence in moved_once(whole, each)]
    told += within_captures(whole)
    told.append(check_entries(rows_of(files, "entries.jsonl"), rows))
    calls = attempts(rows, {id: command for id, (command, _) in commands.items()})
    demand(
        calls == rows_of(files, "attempts.jsonl"), "the list of attempts is not what the events say"
    )
    told += check_bill_lines(rows_of(files, "bill_lines.jsonl"), rows)
    told += check_bills(files)
    if not key_text:
        told.append(f"NOTE: the key came with the pack; is it the platform's? {manifest['key']}")
    return told


def main(arguments: list[str]) -> int:
    options = {"--key": "", "--anchor": ""}
    paths = []
    words = iter(arguments)
    for word in words:
        if word in options:
            options[word] = next(words, "")
        else:
            paths.append(word)
    if len(paths) != 1:
        print(USAGE, file=sys.stderr)  # noqa: T201
        return 2
    try:
        told = verified(paths[0], options["--key"], options["--anchor"])
    except (Failed, KeyError, TypeError, ValueError, IndexError, AttributeError) as why:
        reason = str(why) if isinstance(why, Failed) else f"the pack is not written as one: {why!r}"
        print(f"NOT PROVEN: {reason}")  # noqa: T201
        return 1
    for sentence in told:
        print(f"proven: {sentence}" if not sentence.startswith("NOTE") else sentence)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
