"""Every event and every refusal says what it means, is in the catalogue, and stays readable for ever."""

import ast
import json
import re
from pathlib import Path

import msgspec
import pytest

from commands.registry import USE_CASES
from domain.events import EVENTS, Event
from tests.architecture import books
from tests.architecture.catalogue import CATALOGUE, GOLDEN, ROOT, golden, refusals, render, tag

PROVOKES = {"rejected", "raises", "refuses"}
SAMPLES = sorted(GOLDEN.glob("*.json"))


def test_every_event_has_a_meaning_and_a_versioned_name() -> None:
    for event in EVENTS:
        assert event.__doc__, event
        assert re.fullmatch(r"[a-z]+\.[a-z_]+\.v\d+", tag(event)), event


def test_stored_names_are_unique() -> None:
    assert len({tag(event) for event in EVENTS}) == len(EVENTS)


def test_the_catalogue_is_current() -> None:
    assert CATALOGUE.read_text() == render(), "run `make catalogue`"


def test_the_page_of_the_ledger_is_current() -> None:
    assert books.PAGE.read_text() == books.render(), "run `make catalogue`"


def test_every_event_has_a_stored_sample() -> None:
    assert [tag(event) for event in EVENTS if not golden(event).exists()] == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.stem))
def test_what_was_stored_once_is_read_for_ever(path: Path) -> None:
    stored = json.loads(path.read_text())
    event = msgspec.json.decode(path.read_bytes(), type=Event)
    assert tag(type(event)) == stored["type"] == path.stem
    read = msgspec.json.decode(msgspec.json.encode(event))
    assert contains(read, stored), f"{path.stem} lost something that was stored"


def contains(read: object, stored: object) -> bool:
    """Later versions may add fields with defaults, and may lose nothing."""
    if isinstance(read, dict) and isinstance(stored, dict):
        return all(name in read and contains(read[name], stored[name]) for name in stored)
    if isinstance(read, list) and isinstance(stored, list):
        return len(read) == len(stored) and all(map(contains, read, stored))
    return read == stored


def test_every_refusal_has_a_code_of_its_own_and_speaks_both_languages() -> None:
    codes = [refusal.code for refusal in refusals()]
    assert len(set(codes)) == len(codes)
    for refusal in refusals():
        assert re.fullmatch(r"[a-z][a-z_]*", refusal.code), refusal
        assert refusal.__doc__, refusal
        assert re.search(r"[\u4e00-\u9fff]", refusal.zh), refusal


def test_every_refusal_is_provoked_by_a_test() -> None:
    provoked: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        provoked |= provoked_in(ast.parse(path.read_text()))
    general = {"NotFound"}  # the base of "no such thing"; each use case has its own
    unprovoked = {refusal.__name__ for refusal in refusals()} - provoked - general
    assert unprovoked == set()


def provoked_in(module: ast.Module) -> set[str]:
    """The last names of the first arguments of `.rejected(...)` and `pytest.raises(...)`, and tables of them."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            if node.func.attr in PROVOKES:
                found |= names(node.args[0])
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            for row in node.iter.elts:
                found |= names(row)
    return found


def names(node: ast.AST) -> set[str]:
    plain = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return plain | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def test_every_use_case_is_registered_under_the_name_of_its_file() -> None:
    files = {
        path.stem
        for path in (ROOT / "commands").glob("*.py")
        if re.search(r"^USE_CASE = ", path.read_text(), re.MULTILINE)
    }
    assert set(USE_CASES) == files


def test_every_command_is_named_after_its_use_case() -> None:
    for name, use_case in USE_CASES.items():
        assert name == use_case.name
        assert use_case.command.__name__ == "".join(part.title() for part in name.split("_"))
        assert use_case.command.__doc__
        assert use_case.reply.__doc__
