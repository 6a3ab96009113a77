"""What surrounds every page: header, navigation, theme, language, the list of keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.assets import SCRIPT_URL, STYLE_URL
from read_api.console.view import View
from read_api.console.watch import watch_session

PAGES: Final = {
    "dashboard": "/",
    "order": "/order",
    "refunds": "/refunds",
    "closing": "/closing",
    "funds": "/funds",
    "streams": "/streams",
    "system": "/system",
}
KEYS: Final = (
    ("1 – 7", "key_pages"),
    ("/", "key_search"),
    ("↑ ↓", "key_rows"),
    ("Enter", "key_open"),
    ("T", "key_theme"),
    ("L", "key_language"),
    ("?", "key_help"),
    ("Esc", "key_escape"),
)
HEADER: Final = Markup(
    """<a class="skip" href="#content">{skip}</a>
<a class="brand" href="/"><span class="logo" aria-hidden="true">团</span><span>{product}</span></a>
<nav aria-label="{product}">{links}</nav>"""
)
LINK: Final = Markup('<a href="{href}" data-key="{number}"{current}>{text}<kbd>{number}</kbd></a>')
TOOLS: Final = Markup(
    """<button class="tool" data-help aria-label="{help}" title="{help} (?)">?</button>
<form method="post" action="/taste"><input type="hidden" name="next" value="/">
<button class="tool" name="language" value="{other}" lang="{other}" data-language title="{key_language} (L)">{language}</button></form>
<form method="post" action="/taste"><input type="hidden" name="next" value="/">
<button class="tool" name="theme" value="{scheme}" data-theme aria-label="{theme}" title="{theme} (T)">{icon}</button></form>
<span class="who" title="{tenant}">{who}</span>
<form method="post" action="/logout"><button class="tool" data-sign-out>{sign_out}</button></form>"""
)
HELP: Final = Markup(
    """<dialog id="help" aria-labelledby="help-title"><h2 id="help-title">{help}</h2><dl>{keys}</dl>
<form method="dialog"><button class="button" autofocus>{close}</button></form></dialog>"""
)
KEY: Final = Markup("<div><dt><kbd>{}</kbd></dt><dd>{}</dd></div>")
HEAD: Final = Markup(
    '<link rel="stylesheet" href="{}"><script defer src="{}"></script><meta name="color-scheme" content="{}">'
)


@contextmanager
def framed(view: View, page: str, title: str = "") -> Iterator[None]:
    """The content of one page goes inside."""
    t, client = view.t, ui.context.client
    client.page = copy(client.page)  # this request's, in the language and theme of its person
    client.page.language = "zh-CN" if view.language == "zh" else "en-US"
    client.page.dark = view.taste.dark
    heading = title or t(page)
    ui.page_title(f"{heading} · {t('product')}")
    ui.add_head_html(HEAD.format(STYLE_URL, SCRIPT_URL, "dark" if view.taste.dark else "light"))
    with ui.element("header").classes("top"):
        ui.html(header(view, page), sanitize=False).classes("top-left")
        view.state = ui.label().classes("state").props("role=status")
        ui.html(tools(view), sanitize=False).classes("top-right")
    with ui.element("main").classes(f"page page-{page}").props('id=content tabindex="-1"'):
        yield
    ui.html(help_dialog(view), sanitize=False)
    watch_session(view)


def header(view: View, page: str) -> Markup:
    links = Markup("").join(
        LINK.format(
            href=href,
            number=number,
            text=view.t(name),
            current=Markup(' aria-current="page"') if name == page else "",
        )
        for number, (name, href) in enumerate(PAGES.items(), start=1)
    )
    return HEADER.format(product=view.t("product"), skip=view.t("skip"), links=links)


def tools(view: View) -> Markup:
    dark, chinese = view.taste.dark, view.language == "zh"
    return TOOLS.format(
        other="en" if chinese else "zh",
        scheme="light" if dark else "dark",
        icon="☀" if dark else "☾",
        who=view.session.subject,
        tenant=view.session.tenant,
        **{key: view.t(key) for key in ("help", "language", "key_language", "theme", "sign_out")},
    )


def help_dialog(view: View) -> Markup:
    keys = Markup("").join(KEY.format(key, view.t(text)) for key, text in KEYS)
    return HELP.format(help=view.t("help"), close=view.t("close"), keys=keys)
