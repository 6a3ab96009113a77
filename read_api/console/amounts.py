"""Amounts that can be asked where they come from: each is a button, by mouse and by keyboard."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from markupsafe import Markup
from nicegui import events, ui

from read_api.console.formats import DASH, yuan

AMOUNT: Final = Markup(
    '<button type="button" class="amount" data-why="{why}" title="{title}">{text}</button>'
)
# One listener for all buttons inside: they are drawn anew with the rest.
PICKED: Final = """(event) => {
  const button = event.target.closest("[data-why]");
  if (button) emit(button.dataset.why);
}"""


class Why(NamedTuple):
    """Where one number comes from: answers of the API whose sums make it up."""

    title: str
    fen: int | None
    paths: tuple[str, ...]


def amount(why: str, fen: int | None, title: str = "") -> Markup:
    """`why` is how the page knows it again. What is not known cannot be asked about."""
    return plain(why, yuan(fen), title) if fen is not None else Markup(DASH)


def plain(why: str, text: str, title: str = "") -> Markup:
    """The same for something else than money."""
    return AMOUNT.format(why=why, text=text, title=title)


def explained(report: str, cell: str, key: Sequence[str], **period: str) -> str:
    """The address that explains one cell of a report."""
    asked = [*(("key", part) for part in key), ("cell", cell)]
    asked += [(name.rstrip("_"), day) for name, day in period.items()]
    return f"/v1/reports/{report}/explain?{urlencode(asked, quote_via=quote)}"


class Asked(ui.html):
    """HTML whose amounts tell `ask` that somebody wants to know; drawn anew only when it changed."""

    def __init__(self, ask: Callable[[str], Awaitable[None]]) -> None:
        super().__init__("", sanitize=False)

        async def picked(event: events.GenericEventArguments) -> None:
            await ask(str(event.args))

        self.on("click", picked, js_handler=PICKED)

    def draw(self, html: Markup) -> None:
        if self.content != html:
            self.set_content(html)
