"""The pack as one file: a ZIP that any tool opens, written in exactly one way, so that no byte of it is free.

Nothing is compressed, times and rights are fixed: whoever has the files can write the same bytes again.
"""

import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

from infra.evidence.verifier.fail import Failed, demand

FIRST_DAY = 0x21  # 1980-01-01, as ZIP writes it: no file has a time of its own
MADE_BY = 3 << 8 | 20  # Unix
RIGHTS = 0o100644 << 16
FLAGS = 0x800  # names are UTF-8
SIZE_MAX = 2**32 - 1


def local_header(name: bytes, size: int, crc: int) -> bytes:
    """What stands before a file."""
    head = (b"PK\3\4", 20, FLAGS, 0, 0, FIRST_DAY, crc, size, size, len(name), 0)
    return struct.pack("<4s5H3I2H", *head) + name


def central_header(name: bytes, size: int, crc: int, at: int) -> bytes:
    """The line of the directory at the end."""
    head = (b"PK\1\2", MADE_BY, 20, FLAGS, 0, 0, FIRST_DAY, crc, size, size, len(name), 0, 0, 0, 0)
    return struct.pack("<4s6H3I5H2I", *head, RIGHTS, at) + name


def end_of(directory: bytes, count: int, at: int) -> bytes:
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), at, 0)


def packed(files: dict[str, bytes]) -> bytes:
    """The one way to write these files, in this order."""
    out, directory = bytearray(), bytearray()
    for name, data in files.items():
        crc, at = zlib.crc32(data), len(out)
        out += local_header(name.encode(), len(data), crc) + data
        directory += central_header(name.encode(), len(data), crc, at)
    return bytes(out + directory + end_of(bytes(directory), len(files), len(out)))


def unpacked(path: Path) -> dict[str, bytes]:
    """The files of a pack, or of a directory that one was unpacked into. Raises: Failed."""
    try:
        if path.is_dir():
            found = (each for each in sorted(path.rglob("*")) if each.is_file())
            return {each.relative_to(path).as_posix(): each.read_bytes() for each in found}
        data = path.read_bytes()
        with zipfile.ZipFile(BytesIO(data)) as archive:
            files = {each.filename: archive.read(each) for each in archive.infolist()}
    except (OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise Failed(f"{path} cannot be read: {error}") from None
    except (zipfile.BadZipFile, zlib.error, struct.error) as error:
        raise Failed(f"{path} is no whole ZIP: {error}") from None
    demand(packed(files) == data, "bytes of the ZIP around its files were changed")
    return files
