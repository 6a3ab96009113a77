"""Our own style sheet and keyboard script, under names that change with their content."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HERE: Final = Path(__file__).parent
FOREVER: Final = {"cache-control": "public, max-age=31536000, immutable"}


def read(name: str) -> tuple[bytes, str]:
    """A file and the URL it is served under."""
    content = (HERE / name).read_bytes()
    stem, _, suffix = name.rpartition(".")
    return content, f"/assets/{stem}.{sha256(content).hexdigest()[:12]}.{suffix}"


STYLE, STYLE_URL = read("console.css")
SCRIPT, SCRIPT_URL = read("console.js")


def routes() -> list[Route]:
    async def style(_: Request) -> Response:
        return Response(STYLE, media_type="text/css", headers=FOREVER)

    async def script(_: Request) -> Response:
        return Response(SCRIPT, media_type="text/javascript", headers=FOREVER)

    return [Route(STYLE_URL, style), Route(SCRIPT_URL, script)]
