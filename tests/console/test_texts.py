"""Every word is there in both languages, and says what the domain says."""

import re
from pathlib import Path
from typing import get_args

import commands.registry  # noqa: F401 - so that every refusal is known
from domain.display import OrderStatus, RefundStatus
from domain.errors import Rejected
from domain.events import EVENTS as FACTS
from domain.events.order import RefundReason
from domain.events.refund import Action, Trouble
from read_api.console import texts
from read_api.console.texts_desk import ACTIONS, TROUBLES, WHY
from read_api.console.texts_desk import STATUSES as REFUND_STATUSES
from read_api.console.texts_events import EVENTS
from read_api.console.texts_reasons import REASONS
from read_api.console.texts_trade import STATUSES

CONSOLE = Path(texts.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_both_languages_say_something_and_only_one_of_them_is_chinese() -> None:
    tables = (texts.ALL, EVENTS, REASONS, TROUBLES, WHY, ACTIONS)
    listed = [(key, *both) for table in tables for key, both in table.items() if key != "language"]
    assert [key for key, zh, en in listed if not zh or not en or CHINESE.search(en)] == []
    latin = {"of_decided"}
    assert [key for key, zh, _ in listed if not CHINESE.search(zh) and key not in latin] == []


def test_every_word_that_is_asked_for_is_there_and_no_other() -> None:
    source = "\n".join(path.read_text() for path in CONSOLE.glob("*.py") if path.name != "texts.py")
    asked = set(re.findall(r"""\bt\(\s*["']([a-z_0-9]+)["']""", source))
    assert asked - texts.ALL.keys() == set()
    quoted = set(re.findall(r"""["']([a-z_0-9]+)["']""", source.replace('": (', "")))
    assert {key for key in texts.ALL if key not in quoted | made_up()} == set()


def made_up() -> set[str]:
    """Keys that are put together."""
    return {f"{page}_more" for page in ("not_found", "broken")}


def test_every_event_and_every_state_has_its_words() -> None:
    assert {fact.__struct_config__.tag for fact in FACTS} - EVENTS.keys() == set()
    assert {*OrderStatus} - {"NEW"} == set(STATUSES)
    assert {*RefundStatus} - {"NEW"} == set(REFUND_STATUSES)
    assert set(get_args(Trouble)) == set(TROUBLES)
    assert set(get_args(Action)) | {"declined"} == set(ACTIONS)
    assert set(get_args(RefundReason)) - WHY.keys() == set()


def test_reasons_are_worded_as_the_domain_words_them() -> None:
    known = {each.code: each.zh for each in below(Rejected)}
    assert {code: zh for code, (zh, _) in REASONS.items() if known.get(code) != zh} == {}


def below(kind: type[Rejected]) -> list[type[Rejected]]:
    return [each for sub in kind.__subclasses__() for each in (sub, *below(sub))]
