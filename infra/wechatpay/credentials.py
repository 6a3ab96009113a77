"""The keys of one merchant account: made once at set-up into a private directory, read from there after.

File names are those of the bundle that the channel's console hands out, so a real account is set up by
putting its own files into the directory. `platform_key.pem` is the channel's own secret: it exists only
where the simulator stands in for the channel, and only `load_platform` reads it.

    account.json         who we are: mchid, appid, serial_no of our certificate, platform_key_id
    apiclient_key.pem    our private key: signs requests and what the buyer's client shows
    apiclient_cert.pem   our certificate: how the channel knows our key
    apiv3_key            32 characters that both sides know: encrypts notifications
    pub_key.pem          the channel's public key: proves its answers and notifications
    pub_key_<id>.pem     a later one, named by its id, while the channel changes its key
    platform_key_<id>.pem   the secret of that one, again only with the simulator
"""

import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

DEV_MCHID = "1900007291"  # an example account of the channel's documentation
DEV_APPID = "wx8888888888888888"
KEY_BITS = 2048  # the protocol is RSA-2048 throughout
CERTIFICATE_LIFE = timedelta(days=5 * 365)  # as the channel issues them
APIV3_KEY_CHARACTERS = 32
PUBLIC, SECRET = "pub_key", "platform_key"  # names of the channel's key files


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who we are at the channel, and which of its keys we trust. Nothing in it is secret."""

    mchid: str
    appid: str
    serial_no: str  # of our certificate, upper-case hex
    platform_key_id: str  # PUB_KEY_ID_…: names the channel's key in `Wechatpay-Serial`


@dataclass(frozen=True)
class Merchant:
    """Our side: enough to ask, and to recognise an answer."""

    account: Account
    private_key: str = field(repr=False)  # PEM
    platform_keys: Mapping[str, str]  # PEM by id: all that the channel may sign with
    apiv3_key: str = field(repr=False)
    directory: Path  # where it all is, and where later keys appear


@dataclass(frozen=True)
class Platform:
    """The channel's side: enough to recognise our requests, and to answer and notify in its name."""

    account: Account
    private_keys: Mapping[str, str] = field(repr=False)  # PEM by id, the oldest first
    merchant_certificate: str  # PEM
    apiv3_key: str = field(repr=False)
    directory: Path


def load_merchant(directory: Path) -> Merchant:
    """Raises: OSError when a file is missing, msgspec.DecodeError when account.json is not one."""
    account = _account(directory)
    return Merchant(
        account=account,
        private_key=(directory / "apiclient_key.pem").read_text(),
        platform_keys=read_platform_keys(directory, account),
        apiv3_key=(directory / "apiv3_key").read_text().strip(),
        directory=directory,
    )


def read_platform_keys(directory: Path, account: Account) -> dict[str, str]:
    """The channel's public keys by id. Raises: OSError."""
    return _keys(directory, PUBLIC, account)


def load_platform(directory: Path) -> Platform:
    """Raises: OSError when a file is missing, which it must be with a real account."""
    account = _account(directory)
    return Platform(
        account=account,
        private_keys=_keys(directory, SECRET, account),
        merchant_certificate=(directory / "apiclient_cert.pem").read_text(),
        apiv3_key=(directory / "apiv3_key").read_text().strip(),
        directory=directory,
    )


def add_platform_key(directory: Path) -> str:
    """The simulated channel gets another key, whose id this returns.

    The merchant has its public half before it is ever used.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    key_id = _key_id(_account(directory).mchid)
    for name, pem in ((PUBLIC, _public_pem(key)), (SECRET, _pem(key))):
        fresh = directory / f".{key_id}"
        _write_private(fresh, pem)
        fresh.rename(directory / f"{name}_{key_id}.pem")
    return key_id


def ensure(directory: Path, at: datetime, *, mchid: str = DEV_MCHID) -> None:
    """Make a development account in `directory`, unless one is there already.

    Several processes may ask at once: whoever finishes first wins, and everybody reads the same keys.
    A half-made account is never visible.
    """
    if (directory / "account.json").exists():
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))  # 0700 already
    for name, content in _invent(mchid, at).items():
        _write_private(fresh / name, content)
    try:
        fresh.rename(directory)  # replaces an empty directory, refuses a filled one
    except OSError:
        for file in fresh.iterdir():
            file.unlink()
        fresh.rmdir()
        if not (directory / "account.json").exists():
            raise


def _keys(directory: Path, name: str, account: Account) -> dict[str, str]:
    """The first key, and those that came later in the order they came."""
    later = sorted(directory.glob(f"{name}_*.pem"), key=lambda file: file.stat().st_mtime_ns)
    keys = {account.platform_key_id: (directory / f"{name}.pem").read_text()}
    return keys | {
        file.stem.removeprefix(f"{name}_"): file.read_text("ascii", "replace") for file in later
    }


def _key_id(mchid: str) -> str:
    return f"PUB_KEY_ID_{mchid}{secrets.randbelow(10**22):022d}"


def _account(directory: Path) -> Account:
    return msgspec.json.decode((directory / "account.json").read_bytes(), type=Account)


def _invent(mchid: str, at: datetime) -> dict[str, bytes]:
    ours = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    theirs = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    certificate = _certificate(ours, mchid, at)
    account = Account(
        mchid=mchid,
        appid=DEV_APPID,
        serial_no=f"{certificate.serial_number:040X}",
        platform_key_id=_key_id(mchid),
    )
    alphabet = string.ascii_letters + string.digits
    return {
        "account.json": msgspec.json.format(msgspec.json.encode(account)),
        "apiclient_key.pem": _pem(ours),
        "apiclient_cert.pem": certificate.public_bytes(serialization.Encoding.PEM),
        "apiv3_key": "".join(
            secrets.choice(alphabet) for _ in range(APIV3_KEY_CHARACTERS)
        ).encode(),
        "platform_key.pem": _pem(theirs),
        "pub_key.pem": _public_pem(theirs),
    }


def _certificate(key: rsa.RSAPrivateKey, mchid: str, at: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, mchid)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + CERTIFICATE_LIFE)
        .sign(key, hashes.SHA256())
    )


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
