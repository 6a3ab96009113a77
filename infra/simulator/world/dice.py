"""Chance that can be asked again: the same seed and words always throw the same."""

from hashlib import blake2b
from random import Random
from uuid import UUID, uuid5

PEOPLE = UUID("b1be1000-0000-4000-8000-000000000001")  # namespace of shoppers' ids


def dice(seed: int, *words: object) -> Random:
    """A generator for one question. `words` name it: a good, a group, a visitor."""
    digest = blake2b(repr((seed, words)).encode(), digest_size=8).digest()
    return Random(int.from_bytes(digest))


def person(source: str, number: int) -> UUID:
    """The user id of this person of this source: always the same buyer, under every seed."""
    return uuid5(PEOPLE, f"{source}:{number}")
