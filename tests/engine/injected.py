"""Errors of Postgres on demand, and disks that fill up."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import pytest

from infra.embedded.postgres import Postgres
from tests.engine.books import rows

ERRORS: LiteralString = """
create table public.injected (state text not null, times bigint not null);
create sequence public.injections;
create function public.inject() returns trigger language plpgsql security definer as $$
declare wish public.injected;
begin
  select * into wish from public.injected;
  if found and nextval('public.injections') <= wish.times then
    raise exception 'injected' using errcode = wish.state;
  end if;
  if tg_op = 'UPDATE' then return new; end if;
  return null;
end $$;
create trigger injected before insert on cell_0.commands for each statement execute function public.inject();
create trigger injected before update on cell_0.owner for each row execute function public.inject();
alter table cell_0.owner disable trigger injected"""
KILLER: LiteralString = """
create function public.kill_session() returns trigger language plpgsql security definer as $$
begin
  if position(repeat('x', 1000) in convert_from(new.data, 'UTF8')) > 0 then
    perform pg_terminate_backend(pg_backend_pid());
  end if;
  return new;
end $$;
create trigger kill_session before insert on cell_0.events for each row execute function public.kill_session()"""
BAD_PAGE: LiteralString = """
create function public.readable(stream uuid) returns boolean language plpgsql as $$
begin
  if right(stream::text, 3) = 'bad' then
    raise exception 'invalid page in block 7' using errcode = 'XX001';
  end if;
  return true;
end $$;
alter table cell_0.events enable row level security;
create policy readable on cell_0.events to tuan_engine using (public.readable(stream_id)) with check (true)"""


class Injector:
    """Has the next commits fail with an SQLSTATE. A sequence counts, because it outlives what it fails."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        rows(dsn, ERRORS)

    def fail(self, state: str, times: int = 1_000_000) -> None:
        rows(self.dsn, "truncate public.injected")
        rows(self.dsn, "select setval('public.injections', 1, false)")
        rows(self.dsn, "insert into public.injected values (%s, %s)", state, times)

    def fail_ownership_too(self) -> None:
        rows(self.dsn, "alter table cell_0.owner enable trigger injected")

    def heal(self) -> None:
        rows(self.dsn, "truncate public.injected")

    def fired(self) -> int:
        ((value,),) = rows(self.dsn, "select last_value from public.injections")
        return int(value)


class SmallDisk:
    """A mounted directory with few bytes left to write once it is filled."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._ballast = place / "ballast"

    def fill(self, leave_bytes: int = 0) -> None:
        free = shutil.disk_usage(self._place).free
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, free - leave_bytes))

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk_for(server: Postgres, part: str, megabytes: int) -> Iterator[SmallDisk]:
    """Move a directory of the cluster to a disk of its own. Needs the right to mount."""
    place = server.home / "small"
    server.stop()
    place.mkdir()
    size = f"size={megabytes}m,uid={server.user.uid},gid={server.user.gid},mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small disk needs the right to mount one: {mounted.stderr.strip()}")
    try:
        subprocess.run(["cp", "-a", str(server.cluster / part), str(place)], check=True)
        shutil.rmtree(server.cluster / part)
        (server.cluster / part).symlink_to(place / part)
        server.start()
        yield SmallDisk(place)
    finally:
        server.child.kill()
        subprocess.run(["umount", "-l", str(place)], check=True)
