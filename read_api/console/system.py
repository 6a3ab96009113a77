"""系统: who writes each cell, how far every follower of its log is, what waits or is stuck, and alarms."""

from typing import Any, Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.formats import count, moment, parsed
from read_api.console.frame import framed
from read_api.console.panels import HEAD, Panel
from read_api.console.pieces import CHIP, MONO, pairs
from read_api.console.system_logs import (
    alarm,
    alarm_columns,
    life,
    life_columns,
    parked,
    parked_columns,
)
from read_api.console.system_tables import model, model_columns, work, work_columns
from read_api.console.tables import Column, Table
from read_api.console.view import View

EVERY_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 3.0  # after which a standby takes over


class SystemPage:
    """Owners on top, tables below."""

    def __init__(self, view: View) -> None:
        t = view.t
        self.view = view
        with ui.element("div").classes("grid"):
            self.owner = Panel(t("owner"), width="w4")
            self.models = self.table(t("read_models"), "w8", model_columns(view), t("nothing"))
            self.work = self.table(t("stuck"), "w12", work_columns(view), t("nothing_waits"))
            self.parked = self.table(
                t("parked_events"), "w12", parked_columns(view), t("none_parked")
            )
            self.alarms = self.table(t("alarms"), "w8", alarm_columns(view), t("no_alarms"))
            self.lives = self.table(t("lives"), "w4", life_columns(view), t("nothing"))

    def table(self, title: str, width: str, columns: tuple[Column, ...], nothing: str) -> Table:
        with ui.element("section").classes(f"card {width}"):
            ui.html(HEAD.format(title, ""), sanitize=False).classes("head")
            return Table(columns, nothing)

    async def refresh(self) -> None:
        view = self.view
        found = await view.api.get("/v1/system")
        now = parsed(found["at"])
        self.owner.show(owner(view, found["owner"]), found["cell"])
        self.models.show(model(view, it) for it in found["models"])
        self.work.show(work(view, it, now) for it in found["todo"])
        self.parked.show(parked(it, now) for it in found["parked"])
        self.alarms.show(alarm(number, it) for number, it in enumerate(found["alarms"]))
        self.lives.show(life(it) for it in found["streams"])


def owner(view: View, engine: dict[str, Any] | None) -> Markup:
    """Fine while the owner's heartbeat is heard."""
    t = view.t
    if engine is None:
        return CHIP.format("bad", t("no_owner"))
    silent = engine["silent_seconds"]
    fine = silent < SILENT_SECONDS
    said = t("fine") if fine else t("silent").format(f"{silent:.0f}")
    return pairs(
        (
            (t("status"), CHIP.format("good" if fine else "bad", said)),
            (t("address"), MONO.format(engine["address"] or "—")),
            (t("epoch"), count(engine["epoch"])),
            (t("head"), count(engine["head_position"])),
            (t("commands"), count(engine["command_seq"])),
            (t("last_commit"), moment(engine["last_at"])),
        )
    )


async def page(view: View) -> None:
    with framed(view, "system"):
        view.every(EVERY_SECONDS, SystemPage(view).refresh)
