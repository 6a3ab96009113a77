"""`verify.py` of a pack: the modules that it is made of, one after another, in one file that stands alone."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

import commands.engine.chain
import domain.merkle
from infra.evidence.verifier import container, ed25519, fail, logs, main, money, notes

PARTS: Final = (
    domain.merkle, commands.engine.chain, fail, ed25519, container, notes, logs, money, main,
)  # fmt: skip
OURS: Final = ("domain.", "commands.", "infra.")
HEAD: Final = '''#!/usr/bin/env python3
"""Verifies an evidence pack of Tuan with nothing but Python 3.10 or later.

    python -I -S verify.py PACK.zip [--key VERIFIER_KEY] [--anchor FILE]

Take this file from any pack, or from the platform's source, read it once, and keep it: whoever forges a pack
can forge the verifier in it. The key is what the platform publishes as its verifier key; an anchor is a file
that you were given at the end of some day.
"""

from __future__ import annotations
'''


@cache
def verifier() -> bytes:
    """The whole program."""
    paths = [Path(str(part.__file__)) for part in PARTS]
    return "".join([HEAD, *map(part_of, paths)]).encode()


def part_of(path: Path) -> str:
    """The source of one module without what it takes from the others, and with its docstring as a comment."""
    source = path.read_text(encoding="utf-8")
    lines, tree = source.splitlines(), ast.parse(source)
    left_out: set[int] = set()
    for statement in tree.body:
        ours = isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(OURS)
        if ours or statement is tree.body[0]:
            left_out.update(range(statement.lineno - 1, statement.end_lineno or statement.lineno))
    title = [f"# {line}".rstrip() for line in (ast.get_docstring(tree) or "").splitlines()]
    body = [line for number, line in enumerate(lines) if number not in left_out]
    return "\n".join(["", "", f"# --- {path.stem} ---", *title, *body]).rstrip() + "\n"
