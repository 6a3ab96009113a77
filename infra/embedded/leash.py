"""Start a program so that it never outlives its parent, and without root's rights where it must not have them.

Run as a script with nothing but the standard library:
    python -I -S leash.py PARENT SIGNAL UID GID PROGRAM [ARGUMENT]...
The kernel sends SIGNAL when PARENT dies, even by kill -9. UID -1 keeps the user. Other systems than Linux
have no such signal: there only an orderly stop ends what was started.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal: int, uid: int, gid: int, program: list[str]) -> None:
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    die_with(parent, signal)  # after setuid, which would clear it
    try:
        os.execv(program[0], program)
    except OSError as error:
        sys.exit(f"cannot run {program[0]}: {error.strerror}")


def die_with(parent: int, signal: int) -> None:
    """Ask the kernel to send us `signal` when `parent` ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:  # it ended before we had asked
            sys.exit(1)


if __name__ == "__main__":
    parent, death, user, group = map(int, sys.argv[1:5])
    main(parent, death, user, group, sys.argv[5:])
