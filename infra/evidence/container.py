"""Writing a pack file by file, none of them in memory: the same bytes as the verifier would write."""

import zlib
from collections.abc import Iterable
from hashlib import sha256
from typing import IO

from infra.evidence.verifier.container import SIZE_MAX, central_header, end_of, local_header


class TooLarge(Exception):
    """A pack of this size cannot be read everywhere."""


class Container:
    """A pack that is being written to `out`, which can be sought in. `digests`: name -> SHA-256 so far."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._directory = bytearray()
        self.digests: dict[str, str] = {}

    def add(self, name: str, parts: Iterable[bytes]) -> None:
        """One file. Raises: TooLarge."""
        encoded, at = name.encode(), self._out.tell()
        self._out.write(local_header(encoded, 0, 0))
        crc, size, digest = 0, 0, sha256()
        for part in parts:
            self._out.write(part)
            crc, size = zlib.crc32(part, crc), size + len(part)
            digest.update(part)
            if at + size > SIZE_MAX - (1 << 20):
                raise TooLarge
        end = self._out.tell()
        self._out.seek(at)
        self._out.write(local_header(encoded, size, crc))
        self._out.seek(end)
        self._directory += central_header(encoded, size, crc, at)
        self.digests[name] = digest.hexdigest()

    def close(self) -> None:
        """The directory at the end; nothing can be added any more."""
        at = self._out.tell()
        self._out.write(self._directory + end_of(bytes(self._directory), len(self.digests), at))
