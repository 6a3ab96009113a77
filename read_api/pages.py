"""Cursors: a page begins right after the row the last one ended with, wherever that row is now.

Lists are sorted by something that never changes about a row, and then by its id, so what is inserted or
changed between two pages moves nothing: no row comes twice, and none is passed over.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta
from pydantic import BaseModel, Field

from read_api.asked import Asked
from read_api.problems import CURSOR_INVALID, Refused

Item = TypeVar("Item", bound=BaseModel)

Key = TypeVar("Key", int, str)
AnyCursor = TypeVar("AnyCursor", bound=msgspec.Struct)

LIMIT_MAX: Final = 200


class Cursor(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Where a page ended. `list` keeps a cursor from being used on another list."""

    list: str
    at: datetime | None
    id: UUID


class KeyCursor(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Where a page ended that is sorted by one key alone: a position, or a name."""

    list: str
    key: Annotated[int, Meta(ge=0, le=2**63 - 1)] | Annotated[str, Meta(pattern="^[ -~]{1,100}$")]


class Paged(Asked):
    """What every list may be asked with."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 50
    cursor: Annotated[
        str | None, Field(max_length=200, description="`next` of the page before.")
    ] = None


class Page(BaseModel, Generic[Item]):
    """One page. `next` is null on the last one."""

    items: list[Item]
    next: str | None


def write(cursor: Cursor | KeyCursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read(text: str | None, of: str) -> Cursor | None:
    """Raises: Refused unless it came from the list named `of`."""
    if text is None:
        return None
    cursor = decoded(text, Cursor)
    if cursor.list != of or (cursor.at is not None and cursor.at.tzinfo is None):
        raise Refused(CURSOR_INVALID)
    return cursor


def read_key(text: str | None, of: str, kind: type[Key]) -> Key | None:
    """The key that a page ended with. Raises: Refused unless it came from the list named `of`."""
    if text is None:
        return None
    cursor = decoded(text, KeyCursor)
    if cursor.list != of or not isinstance(cursor.key, kind):
        raise Refused(CURSOR_INVALID)
    return cursor.key


def next_key(of: str, keys: Sequence[int | str], limit: int) -> str | None:
    """The cursor after a page, from up to `limit` + 1 keys; None on the last one."""
    return write(KeyCursor(of, keys[limit - 1])) if len(keys) > limit else None


def decoded(text: str, kind: type[AnyCursor]) -> AnyCursor:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise Refused(CURSOR_INVALID) from None


def page(
    items: Sequence[Item], rows: Sequence[dict[str, Any]], limit: int, *, of: str, at: str, id: str
) -> Page[Item]:
    """A page from up to `limit` + 1 rows: the one too many only tells that there is more."""
    if len(rows) <= limit:
        return Page(items=list(items), next=None)
    last = rows[limit - 1]
    return Page(
        items=list(items[:limit]), next=write(Cursor(of, last[at] if at else None, last[id]))
    )
