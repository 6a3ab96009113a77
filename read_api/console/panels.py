"""Small pieces of the dashboard as HTML: passive, escaped, and drawn anew only when they changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup
from nicegui import ui

from read_api.console.formats import yuan
from read_api.console.provinces import TILES

BAR: Final = Markup(
    '<div class="bar"><div class="line"><span title="{name}">{name}</span><b>{value}<small>{more}</small></b></div>'
    '<div class="track"><div class="fill {tone}" style="width:{width:.1f}%"></div></div></div>'
)
TILE: Final = Markup(
    '<div class="tile" style="grid-area:{row}/{column};{colour}" title="{title}"><b>{name}</b><small>{value}</small></div>'
)
BLANK: Final = Markup('<div class="blank">{}</div>')
HEAD: Final = Markup('<h2>{}</h2><span class="more">{}</span>')
NUMBER: Final = Markup("<div><b>{}</b><span>{}</span></div>")
LIGHT: Final = ((253, 240, 234), (200, 54, 29))  # RGB of nothing much and of the most
DARK: Final = ((44, 30, 30), (232, 84, 54))


class Bar(NamedTuple):
    """`share` of the full width, 0 to 1."""

    name: str
    value: str
    share: float
    more: str = ""


class Panel:
    """A card with a heading and a body that is replaced as a whole."""

    def __init__(self, title: str, more: str = "", width: str = "") -> None:
        with ui.element("section").classes(f"card {width}") as self.card:
            self.head = ui.html(HEAD.format(title, more), sanitize=False).classes("head")
            self.body = ui.html("", sanitize=False)
        self._title = title

    def show(self, content: Markup, more: str | None = None) -> None:
        if self.body.content != content:
            self.body.set_content(content)
        if more is not None and (head := HEAD.format(self._title, more)) != self.head.content:
            self.head.set_content(head)


def bars(lines: Sequence[Bar], nothing: str, tone: str = "") -> Markup:
    if not lines:
        return BLANK.format(nothing)
    drawn = (
        BAR.format(
            name=line.name, value=line.value, more=line.more, tone=tone, width=line.share * 100
        )
        for line in lines
    )
    return Markup('<div class="bars">{}</div>').format(Markup("").join(drawn))


def numbers(facts: Iterable[tuple[str, str]]) -> Markup:
    """A few figures side by side."""
    drawn = Markup("").join(NUMBER.format(value, label) for label, value in facts)
    return Markup('<div class="numbers">{}</div>').format(drawn)


def shares(values: Iterable[float]) -> list[float]:
    """Each against the greatest."""
    listed = list(values)
    most = max(listed, default=0) or 1
    return [value / most for value in listed]


def map_of_tiles(fen: Mapping[str, int], *, chinese: bool, dark: bool) -> Markup:
    most = max(fen.values(), default=0) or 1
    tiles = []
    for code, tile in TILES.items():
        amount = fen.get(code, 0)
        tiles.append(
            TILE.format(
                row=tile.row,
                column=tile.column,
                colour=colour(amount / most, dark=dark) if amount else "",
                title=f"{tile.zh} {yuan(amount)}",
                name=tile.zh if chinese else tile.en,
                value=short_yuan(amount, chinese=chinese) if amount else "·",
            )
        )
    return Markup('<div class="tiles" role="img">{}</div>').format(Markup("").join(tiles))


def colour(share: float, *, dark: bool) -> str:
    """Background by share, and a text colour that is legible on it."""
    low, high = DARK if dark else LIGHT
    depth = share**0.6  # so that the small ones differ too
    mixed = [round(a + (b - a) * depth) for a, b in zip(low, high, strict=True)]
    text = "#fff" if dark or depth > 0.7 else "#5b2a1e"
    return f"background:rgb({mixed[0]} {mixed[1]} {mixed[2]});color:{text}"


def short_yuan(fen: int, *, chinese: bool) -> str:
    """Whole yuan, or thousands of them: what fits into a tile."""
    whole = fen / 100
    if chinese:
        return f"{whole / 10_000:.1f}万" if whole >= 10_000 else f"{whole:,.0f}"
    return f"{whole / 1000:.1f}k" if whole >= 1000 else f"{whole:,.0f}"
