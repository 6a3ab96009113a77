"""The page where people sign in, as HTML."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from read_api.console.assets import SCRIPT_URL, STYLE_URL
from read_api.console.people import Person
from read_api.console.taste import Taste

PAGE: Final = Markup(
    """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{scheme}">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{style}">
<script defer src="{script}"></script>
</head>
<body class="login body--{scheme}">
<main class="login-card">
<div class="login-brand"><span class="logo" aria-hidden="true">团</span><div><h1>{product}</h1><p>{lead}</p></div></div>
{trouble}
{people}
<form method="post" action="/login" class="login-token">
<input type="hidden" name="next" value="{wanted}">
<label for="token">{token}</label>
<div class="login-row">
<input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required>
<button type="submit" class="button primary">{sign_in}</button>
</div>
<p class="muted small">{token_more}</p>
</form>
<form method="post" action="/taste" class="login-taste">
<input type="hidden" name="next" value="/login">
<button class="link" name="language" value="{other}" lang="{other}">{language}</button>
<button class="link" name="theme" value="{other_scheme}">{theme}</button>
</form>
</main>
</body>
</html>"""
)
PEOPLE_FORM: Final = Markup(
    """<form method="post" action="/login" class="login-people">
<input type="hidden" name="next" value="{wanted}">
<h2>{who}</h2><p class="muted small">{who_more}</p>
<div class="people">{people}</div>
</form>
<div class="or"><span>{or_token}</span></div>"""
)
PERSON: Final = Markup(
    """<button class="person" name="person" value="{value}"><span class="avatar" aria-hidden="true">{first}</span>
<span><b>{name}</b><small>{task}</small></span></button>"""
)
TROUBLE: Final = Markup('<p class="notice bad" role="alert">{}</p>')


def login_page(taste: Taste, people: Sequence[Person], trouble: str, wanted: str) -> Markup:
    """`trouble` is the key of a text, or nothing."""
    t, chinese = taste.t, taste.language == "zh"
    shown = Markup("").join(
        PERSON.format(
            value=each.name,
            name=each.zh if chinese else each.en,
            first=(each.zh if chinese else each.en)[0],
            task=each.task_zh if chinese else each.task_en,
        )
        for each in people
    )
    form = PEOPLE_FORM.format(
        wanted=wanted, who=t("who"), who_more=t("who_more"), or_token=t("or_token"), people=shown
    )
    return PAGE.format(
        lang=taste.html_language,
        scheme="dark" if taste.dark else "light",
        other_scheme="light" if taste.dark else "dark",
        other="en" if chinese else "zh",
        title=f"{t('sign_in')} · {t('product')}",
        style=STYLE_URL,
        script=SCRIPT_URL,
        trouble=TROUBLE.format(t(trouble)) if trouble else "",
        people=form if people else "",
        wanted=wanted,
        **{key: t(key) for key in WORDS},
    )


WORDS: Final = ("product", "lead", "token", "sign_in", "token_more", "language", "theme")
