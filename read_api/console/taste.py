"""Language and theme: what a person likes, kept in the browser, and no secret."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection
from starlette.responses import Response

from read_api.console.texts import Language, Words, words

YEAR_SECONDS: Final = 365 * 86_400
CHOICES: Final = {"language": ("zh", "en"), "theme": ("light", "dark")}  # the first unless chosen


class Taste(NamedTuple):
    """How the console looks to one person."""

    language: Language
    dark: bool

    @property
    def t(self) -> Words:
        return words(self.language)

    @property
    def html_language(self) -> str:
        return "zh-CN" if self.language == "zh" else "en"


def taste_of(asked: HTTPConnection) -> Taste:
    return Taste(
        "en" if asked.cookies.get("tuan_language") == "en" else "zh",
        asked.cookies.get("tuan_theme") == "dark",
    )


def keep_taste(answer: Response, form: Mapping[str, str], *, secure: bool) -> None:
    """Remember what was chosen; nonsense changes nothing."""
    for name, allowed in CHOICES.items():
        if form.get(name) in allowed:
            answer.set_cookie(
                f"tuan_{name}",
                form[name],
                max_age=YEAR_SECONDS,
                httponly=True,
                samesite="strict",
                secure=secure,
            )
