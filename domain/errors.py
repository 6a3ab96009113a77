"""How the domain says no.

    Rejected         the command changes nothing and the caller is told why (HTTP 409)
    └── NotFound     the thing named does not exist for this tenant (HTTP 404)

If anyone downstream must *react* to a refusal, it is not an error: it is an event.
"""

from typing import ClassVar


class Rejected(Exception):
    """Base of every refusal: a stable `code`, the Chinese text `zh`, and a docstring that is the English text.

    `facts` are integers and strings that help the caller, e.g. `StockShort(available=3)`.
    """

    code: ClassVar[str]
    zh: ClassVar[str]

    def __init_subclass__(cls, *, code: str, zh: str) -> None:
        cls.code = code
        cls.zh = zh

    def __init__(self, **facts: int | str) -> None:
        super().__init__(self.code)
        self.facts = facts


class NotFound(Rejected, code="not_found", zh="对象不存在"):
    """Nothing with this id exists for this tenant."""
