"""The tenant `books`, told once a module."""

import asyncio

import pytest

from tests.delivery.history import History
from tests.read_api.reports.telling import Posting, tell_books
from tests.servers import Database


@pytest.fixture(scope="module")
def books(database: Database, history: History, delivered: None) -> list[Posting]:
    """Every line that must be in its books, in order."""
    return asyncio.run(tell_books(database, history))
