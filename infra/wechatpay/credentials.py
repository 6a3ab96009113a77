"""The keys of one merchant account: made once at set-up into a private directory, read from there after.

File names are those of the bundle that the channel's console hands out, so a real account is set up by
putting its own files into the directory. `platform_key.pem` is the channel's own secret: it exists only
where the simulator stands in for the channel, and only `load_platform` reads it.

    account.json         who we are: mchid, appid, serial_no of our certificate, platform_key_id
    apiclient_key.pem    our private key: signs requests and what the buyer's client shows
    apiclient_cert.pem   our certificate: how the channel knows our key
    apiv3_key            32 characters that both sides know: encrypts notifications
    pub_key.pem          the channel's public key: proves its answers and notifications
"""

import os
import secrets
import string
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
    platform_public_key: str  # PEM
    apiv3_key: str = field(repr=False)


@dataclass(frozen=True)
class Platform:
    """The channel's side: enough to recognise our requests, and to answer and notify in its name."""

    account: Account
    private_key: str = field(repr=False)  # PEM
    merchant_certificate: str  # PEM
    apiv3_key: str = field(repr=False)


def load_merchant(directory: Path) -> Merchant:
    """Raises: OSError when a file is missing, msgspec.DecodeError when account.json is not one."""
    return Merchant(
        account=_account(directory),
        private_key=(directory / "apiclient_key.pem").read_text(),
        platform_public_key=(directory / "pub_key.pem").read_text(),
        apiv3_key=(directory / "apiv3_key").read_text().strip(),
    )


def load_platform(directory: Path) -> Platform:
    """Raises: OSError when a file is missing, which it must be with a real account."""
    return Platform(
        account=_account(directory),
        private_key=(directory / "platform_key.pem").read_text(),
        merchant_certificate=(directory / "apiclient_cert.pem").read_text(),
        apiv3_key=(directory / "apiv3_key").read_text().strip(),
    )


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
        platform_key_id=f"PUB_KEY_ID_{mchid}{secrets.randbelow(10**22):022d}",
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
        "pub_key.pem": theirs.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
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


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
