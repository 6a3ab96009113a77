"""The channel changes its key while we run: the new one is found, and nobody can make us read the disk for ever."""

from pathlib import Path

import pytest

from infra.wechatpay.credentials import add_platform_key, ensure, load_merchant, load_platform
from infra.wechatpay.platform_keys import LOOK_AGAIN_SECONDS, PlatformKeys
from tests.infra.wechatpay.support import NOON


class Stopwatch:
    """Seconds as a test wants them."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    ensure(tmp_path / "keys", NOON)
    return tmp_path / "keys"


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def keys(directory: Path, watch: Stopwatch) -> PlatformKeys:
    return PlatformKeys(load_merchant(directory), watch)


def test_a_later_key_is_found_beside_the_first(keys: PlatformKeys, directory: Path) -> None:
    assert keys.find(keys.first) is not None
    later = add_platform_key(directory)
    assert keys.find(later) is not None
    assert keys.find(later) is not keys.find(keys.first)
    assert list(load_platform(directory).private_keys) == [keys.first, later]
    assert PlatformKeys(load_merchant(directory)).find(later) is not None


def test_invented_numbers_do_not_make_us_read_the_disk_each_time(
    keys: PlatformKeys, directory: Path, watch: Stopwatch
) -> None:
    assert keys.find("PUB_KEY_ID_invented") is None
    later = add_platform_key(directory)
    assert keys.find(later) is None  # looked a moment ago
    watch.now += LOOK_AGAIN_SECONDS
    assert keys.find(later) is not None


@pytest.mark.parametrize("content", [b"", b"not a key", b"\xff\xfe"])
def test_a_broken_key_file_stops_nothing(
    keys: PlatformKeys, directory: Path, watch: Stopwatch, content: bytes
) -> None:
    broken = directory / "pub_key_PUB_KEY_ID_broken.pem"
    broken.write_bytes(content)
    assert keys.find("PUB_KEY_ID_broken") is None
    assert keys.find(keys.first) is not None
    later = add_platform_key(directory)
    watch.now += LOOK_AGAIN_SECONDS
    assert keys.find(later) is not None
