"""Hostile bytes stop at the edge; what passes can be stored, delivered and read by everyone."""

from typing import Any, get_type_hints

import msgspec
import pytest
from msgspec import inspect

from commands.api.examples import example_of
from commands.api.http import BODY_MAX
from commands.registry import USE_CASES
from commands.use_case import Command, Reply, UseCase
from tests.api.edge import ORDER, Edge, code_of, token

SKU = "/v1/commands/register_sku"
EVERY = pytest.mark.parametrize("use_case", USE_CASES.values(), ids=lambda one: one.name)


@pytest.fixture
def edge() -> Edge:
    return Edge()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"order_id":"x"} trailing',
        b'{"order_id":"\\ud800"}',
        b'{"order_id":"\xed\xa0\x80"}',
        b'{"order_id":"\xff"}',
        b"\x00",
        b'{"order_id":"a\x00b"}',
        b'{"order_id":' + b"[" * 1000,
    ],
)
async def test_what_is_not_json_in_utf8_is_a_400_or_names_the_field(edge: Edge, raw: bytes) -> None:
    status, code = code_of(await edge.post(content=raw))
    assert (status, code) in {(400, "malformed_json"), (422, "invalid_body")}
    assert not edge.engine.got


async def test_json_of_any_depth_is_refused_and_breaks_nothing(edge: Edge) -> None:
    for raw in (b"[" * 60_000, b'{"a":' * 10_000, b'{"zz":' + b"[" * 50_000):
        status, _ = code_of(await edge.post(content=raw))
        assert status in (400, 422)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$"),
        ([], "$"),
        ({"order_id": 7}, "$.order_id"),
        ({"order_id": "x"}, "$.order_id"),
        ({"order_id": ORDER, "tenant": "rival"}, "$"),
        ({"order_id": ORDER, "buyer": ORDER}, "$"),
    ],
)
async def test_a_wrong_or_unknown_field_is_named(edge: Edge, body: Any, path: str) -> None:
    response = await edge.post(body=body)
    assert code_of(response) == (422, "invalid_body")
    assert response.json()["path"] == path


async def test_text_with_nul_never_reaches_the_engine(edge: Edge) -> None:
    body = example_of(USE_CASES["register_sku"].command) | {"title": "a\0b"}
    response = await edge.post(SKU, body, who=token("catalog:write"))
    assert code_of(response) == (422, "invalid_body")
    assert response.json()["path"] == "$.title"


async def test_text_that_only_looks_like_nul_is_text(edge: Edge) -> None:
    body = example_of(USE_CASES["register_sku"].command) | {
        "title": "a\\u0000b 1234567890123456789"
    }
    assert (await edge.post(SKU, body, who=token("catalog:write"))).status_code == 200


async def test_the_body_has_a_limit(edge: Edge) -> None:
    padded = b'{"order_id":"%s"}' % ORDER.encode()
    fits = await edge.post(content=padded + b" " * (BODY_MAX - len(padded)))
    assert fits.status_code == 200
    response = await edge.post(content=b" " * (BODY_MAX + 1), key="k2")
    assert code_of(response) == (413, "body_too_large")


async def test_a_body_in_pieces_has_the_same_limit(edge: Edge) -> None:
    async def pieces(size: int) -> Any:
        for _ in range(size // 1024):
            yield b" " * 1024

    async with edge.client() as client:
        headers = token("shop") | {"idempotency-key": "k1"}
        response = await client.post(
            "/v1/commands/cancel_order", content=pieces(BODY_MAX + 2048), headers=headers
        )
    assert response.status_code == 413


async def test_only_json_is_read(edge: Edge) -> None:
    response = await edge.post(content_type="application/x-www-form-urlencoded")
    assert code_of(response) == (415, "unsupported_media_type")


@EVERY
async def test_every_example_is_accepted_as_it_stands(edge: Edge, use_case: UseCase) -> None:
    body = msgspec.json.encode(example_of(use_case.command))
    decoded = msgspec.json.decode(body, type=use_case.command)
    assert msgspec.json.decode(msgspec.json.encode(decoded), type=use_case.command) == decoded


# --- every command, as a type ---------------------------------------------------------------------


def kinds(kind: inspect.Type, path: str) -> Any:
    """Every type inside a type, with its path."""
    yield path, kind
    match kind:
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from kinds(field.type, f"{path}.{field.name}")
        case inspect.UnionType(types=types):
            for one in types:
                yield from kinds(one, path)
        case inspect.CollectionType(item_type=item):
            yield from kinds(item, f"{path}[]")
        case inspect.DictType(key_type=key, value_type=value):
            yield from kinds(key, path)
            yield from kinds(value, f"{path}[]")


@EVERY
def test_no_command_has_a_field_that_could_not_be_kept(use_case: UseCase) -> None:
    """Unknown fields refused at every depth, times with a zone, integers within what a column holds."""
    for path, kind in kinds(inspect.type_info(use_case.command), use_case.name):
        match kind:
            case inspect.StructType():
                assert kind.forbid_unknown_fields, f"{path} lets unknown fields pass"
            case inspect.DateTimeType():
                assert kind.tz is True, f"{path} may come without a time zone"
            case inspect.StrType():
                assert kind.max_length or kind.pattern, f"{path} is text of any length"
            case inspect.AnyType() | inspect.RawType() | inspect.FloatType():
                raise AssertionError(f"{path} may be anything")


@EVERY
def test_commands_and_replies_are_documented(use_case: UseCase) -> None:
    for type_ in (use_case.command, use_case.reply):
        assert issubclass(type_, Command | Reply)
        assert type_.__doc__, f"{type_.__name__} has no docstring"
        get_type_hints(type_)


def test_integers_beyond_what_readers_hold_are_refused() -> None:
    from commands.api.problems import Refused
    from commands.api.wire import Reader

    class Anything(msgspec.Struct, frozen=True):
        numbers: list[int]

    reader = Reader(Anything)
    assert reader.read(b'{"numbers":[9007199254740991]}').value.numbers == [2**53 - 1]
    for number in (2**53, -(2**53), 10**40):
        with pytest.raises(Refused) as refused:
            reader.read(b'{"numbers":[1,%d]}' % number)
        assert refused.value.members["path"] == "$.numbers[1]"
