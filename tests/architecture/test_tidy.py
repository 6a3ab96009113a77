"""House style that a formatter cannot check. Limits only ever go down."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "commands", "projections", "read_api", "infra")
LINES_MAX = {  # the longest path that fits decides
    "domain": 350,
    "commands": 300,
    "commands/processes": 160,
    "projections": 160,
    "read_api": 120,
    "infra": 300,
    "tests": 400,
}
USE_CASE_LINES_MAX = 120  # a file directly in commands/ that exports USE_CASE
FUNCTION_LINES_MAX = 60
BANNED_IN_DOMAIN = {
    "now",
    "today",
    "utcnow",
    "uuid1",
    "uuid4",
    "float",
    "print",
    "sleep",
    "getenv",
    "open",
}
NOW = {"now", "utcnow", "today"}
CLOCKS = {"datetime", "date"}
ASKS_THE_TIME = "infra/clock.py"


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def budget(path: Path) -> int:
    if path.parent == ROOT / "commands" and "USE_CASE" in assigned(tree(path)):
        return USE_CASE_LINES_MAX
    fitting = [folder for folder in LINES_MAX if (ROOT / folder) in path.parents]
    return LINES_MAX[max(fitting, key=len)]


def assigned(module: ast.Module) -> set[str]:
    plain = (
        target for node in module.body if isinstance(node, ast.Assign) for target in node.targets
    )
    typed = (node.target for node in module.body if isinstance(node, ast.AnnAssign))
    return {target.id for target in (*plain, *typed) if isinstance(target, ast.Name)}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_fit_their_budget() -> None:
    over = {
        name(path): f"{lines} > {budget(path)}"
        for path in sources(*PACKAGES, "tests")
        if (lines := len(path.read_text().splitlines())) > budget(path)
    }
    assert over == {}


def test_functions_fit_one_screen() -> None:
    over = [
        f"{name(path)}:{function.name}"
        for path in sources(*PACKAGES, "tests")
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= FUNCTION_LINES_MAX
    ]
    assert over == []


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        name(path)
        for path in sources(*PACKAGES, "tests")
        if not (ast.get_docstring(tree(path)) or "").split("\n")[0].strip()
    ]
    assert silent == []


def test_the_domain_has_no_clock_no_dice_no_floats() -> None:
    guilty = [
        f"{name(path)}:{node.lineno} {word}"
        for path in sources("domain")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name | ast.Attribute)
        and (word := node.id if isinstance(node, ast.Name) else node.attr) in BANNED_IN_DOMAIN
    ]
    guilty += [
        f"{name(path)}:{node.lineno} {node.value}"
        for path in sources("domain")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert guilty == []


def test_only_the_clock_asks_what_time_it_is() -> None:
    guilty = [
        f"{name(path)}:{node.lineno}"
        for path in sources(*PACKAGES)
        if name(path) != ASKS_THE_TIME
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and asks_the_machine(node)
    ]
    assert guilty == []


def asks_the_machine(node: ast.Attribute) -> bool:
    """`datetime.now`, `datetime.datetime.utcnow`, `date.today`, `time.time`; durations may be measured."""
    owner = node.value
    of = (
        owner.id
        if isinstance(owner, ast.Name)
        else owner.attr
        if isinstance(owner, ast.Attribute)
        else ""
    )
    return (node.attr in NOW and of in CLOCKS) or (
        of == "time" and node.attr in {"time", "time_ns"}
    )


def test_no_folder_hides_from_the_import_contracts() -> None:
    folders = {path.parent for path in sources(*PACKAGES)}
    assert [
        name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()
    ] == []


def test_nothing_names_this_machine_or_where_packages_come_from() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock
