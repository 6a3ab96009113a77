"""A page does not outlive its session."""

from typing import Final

from nicegui import ui

from read_api.console.gate import LOGIN
from read_api.console.view import View

EVERY_SECONDS: Final = 2.0


def watch_session(view: View) -> None:
    """Somebody signed out elsewhere, or the token expired: nothing stays on the screen."""

    def look() -> None:
        if view.house.sessions.find(view.session.id) is None:
            ui.navigate.to(LOGIN)

    ui.timer(EVERY_SECONDS, look)
