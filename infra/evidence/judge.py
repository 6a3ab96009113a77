"""`tuan verify`: every check in turn, until one finds the first bad place."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from domain.decider import Decider
from infra.evidence.anchoring import directory_of
from infra.evidence.checks import Check, Found, Scene
from infra.evidence.checks_bills import check_bills
from infra.evidence.checks_days import check_closed_days
from infra.evidence.checks_ledger import check_ledger
from infra.evidence.checks_log import check_logs
from infra.evidence.checks_models import check_read_models
from infra.evidence.checks_settlement import check_settlement
from infra.settings import Settings, SettingsError

CHECKS: Final[Mapping[str, Check]] = {
    "logs": check_logs,
    "bills": check_bills,
    "ledger": check_ledger,
    "settlement": check_settlement,
    "closed-days": check_closed_days,
    "read-models": check_read_models,
}
"""In this order: what is made from the log is only compared with one that is intact."""


def main(
    settings: Settings,
    deciders: Sequence[Decider[Any, Any]],
    *,
    anchors: Sequence[Path] = (),
    only: Sequence[str] = (),
) -> int:
    """Print what each check says, a line each; the exit code is 1 when something is damaged."""
    out = Console(soft_wrap=True, highlight=False)
    for found in judge(settings, deciders, anchors=anchors, only=only):
        out.print(found.said, style="red" if found.bad else "", markup=False)
        if found.bad is not None:
            return 1
    return 0


def judge(
    settings: Settings,
    deciders: Sequence[Decider[Any, Any]],
    *,
    anchors: Sequence[Path] = (),
    only: Sequence[str] = (),
) -> list[Found]:
    """What the checks say, up to the first that finds something. Raises: SettingsError."""
    for name in only:
        if name not in CHECKS:
            raise SettingsError(f"there is no check {name!r}; there are {', '.join(CHECKS)}")
    notes = [read(path) for path in (*written_here(settings), *anchors)]
    said: list[Found] = []
    with Console(stderr=True).status(f"reading {settings.cell}") as status:
        for name, check in CHECKS.items():
            if only and name not in only:
                continue
            scene = Scene(
                settings,
                deciders,
                notes,
                lambda what, name=name: status.update(f"{settings.cell}: {name}: {what}"),  # type: ignore[misc]
            )
            said.append(check(scene))
            if said[-1].bad is not None:
                break
    return said


def written_here(settings: Settings) -> list[Path]:
    """Notes of this cell that were never taken away are believed as well."""
    return sorted(directory_of(settings).glob(f"{settings.cell}-*.txt"))


def read(path: Path) -> str:
    """Raises: SettingsError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no anchor: {error}") from None
