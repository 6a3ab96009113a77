"""Reports as files. A file is there when it is whole: until then it has another name."""

import sys
from collections.abc import AsyncIterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from infra.clock import clock_from
from infra.reading import snapshot_of
from infra.settings import Settings
from read_api.problems import Refused
from read_api.reports.asked import Wanted
from read_api.reports.catalogue import REPORTS
from read_api.reports.make import make
from read_api.reports.routes import READING

LIST = "list"


async def main(
    settings: Settings, name: str, asked: Mapping[str, str], *, tenant: str, out: str
) -> int:
    """Write it. The exit code is 1, after one clear line, when there is no such report or period."""
    if name == LIST:
        print_list()
        return 0
    try:
        wanted = Wanted.model_validate({key: it for key, it in asked.items() if it})
        if name not in REPORTS:
            raise Unusable(f"there is no report {name!r}: `tuan report {LIST}` tells them")
        if not out and wanted.format == "xlsx" and sys.stdout.isatty():
            raise Unusable("a workbook is no text: say --out FILE")
        now = clock_from(settings).now()
        async with snapshot_of(settings, READING, tenant) as snapshot:
            view = await wanted.view(snapshot, now)
            await save(make(snapshot, REPORTS[name], view, wanted.format, now), out)
    except (Unusable, ValidationError, Refused) as why:
        sys.stderr.write(f"{said(why)}\n")
        return 1
    return 0


class Unusable(Exception):
    """It cannot be done. The message is the one line that the user needs."""


def said(why: Exception) -> str:
    """What is wrong with what was asked, in one line."""
    if isinstance(why, ValidationError):
        return "; ".join(f"{it['loc'][0]}: {it['msg']}" for it in why.errors())
    if isinstance(why, Refused):
        errors = [f"{it['at'][0]}: {it['what']}" for it in why.members.get("errors", ())]
        return "; ".join(errors) or why.problem.en
    return str(why)


async def save(pieces: AsyncIterable[bytes], out: str) -> None:
    """To standard output, or into a file that is there when it is whole."""
    if not out:
        async for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    path = Path(out)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            async for piece in pieces:
                file.write(piece)
        partial.replace(path)
    except OSError as why:
        raise Unusable(f"{out}: {why.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


def print_list() -> None:
    for report in REPORTS.values():
        sys.stdout.write(f"{report.name:22} {report.title}\n")
