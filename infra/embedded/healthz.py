"""Is it up? One HTTP question, asked without any client library."""

import http.client
from urllib.parse import urlsplit


def healthy(url: str, timeout_seconds: float = 1) -> bool:
    """True when GET answers 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=timeout_seconds
    )
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
