"""From bytes to a command and its canonical body, refusing what could not be stored or delivered later.

PostgreSQL text and jsonb cannot hold NUL, JSON readers downstream hold integers up to 2^53, and nothing
unpaired survives UTF-8. So neither may enter: what was committed must be deliverable to every reader.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from commands.api.problems import INVALID, NOT_JSON, Refused

T = TypeVar("T")

INTEGER_MAX: Final = 2**53 - 1
SUSPECT: Final = re.compile(rb"\\u|[0-9]{16}")  # of a canonical body: an escape, or a long number
MAC_BYTES: Final = 32


class Body(NamedTuple):
    """A decoded body and the one way to write it: same command, same bytes."""

    value: Any
    canonical: bytes


class Reader:
    """Reads bodies of one type."""

    def __init__(self, type_: type[Any]) -> None:
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(type_)
        self._encode = msgspec.json.Encoder().encode

    def read(self, raw: bytes) -> Body:
        """Raises: Refused with 400 for what is not JSON, 422 for what is not this type."""
        try:
            value = self._decoder.decode(raw)
        except msgspec.ValidationError as error:
            raise Refused(INVALID, detail=str(error), path=path_of(str(error))) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(NOT_JSON, detail=str(error)) from None
        except RecursionError:
            raise Refused(NOT_JSON, detail="nested too deeply") from None
        canonical = self._encode(value)
        if SUSPECT.search(canonical):
            refuse_what_cannot_be_kept(msgspec.json.decode(canonical))
        return Body(value, canonical)


def path_of(message: str) -> str:
    """Where in the body, from the decoder's message: "... - at `$.terms.seats`"."""
    _, found, path = message.rpartition(" - at `")
    return path.rstrip("`") if found else "$"


def refuse_what_cannot_be_kept(plain: Any) -> None:
    """Raises: Refused, naming the field."""
    for path, value in leaves(plain, "$"):
        if isinstance(value, str) and "\0" in value:
            raise Refused(INVALID, detail="NUL is not allowed in text", path=path)
        if isinstance(value, int) and abs(value) > INTEGER_MAX:
            raise Refused(INVALID, detail="integer out of range: at most 2^53 - 1", path=path)


def leaves(plain: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every text and number of a JSON value, keys included, with its path."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            yield f"{path}.{key}", key
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(plain, list):
        for index, value in enumerate(plain):
            yield from leaves(value, f"{path}[{index}]")
    else:
        yield path, plain


class Macs:
    """Keyed digests of canonical bodies: equal bodies are recognised, bodies cannot be guessed from them."""

    def __init__(self, key: bytes) -> None:
        self._keyed = blake2b(key=key, digest_size=MAC_BYTES, person=b"command-body")

    def of(self, canonical: bytes) -> bytes:
        mac = self._keyed.copy()
        mac.update(canonical)
        return mac.digest()
