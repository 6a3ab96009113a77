"""The words of the protocol: what a merchant may ask, how a no sounds, and how the channel signs and encrypts."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.wechatpay.credentials import Platform

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
BEIJING = timezone(timedelta(hours=8))
ORDER_LIFE_MAX = timedelta(days=15)  # also what an order without time_expire gets
ORDER_LIFE_MIN = timedelta(minutes=1)
PREPAY_LIFE = timedelta(hours=2)


class No(NamedTuple):
    """One way in which the channel refuses: HTTP status, its code, and the message of its documentation."""

    status: int
    code: str
    message: str


PARAMETER = No(400, "PARAM_ERROR", "参数错误")


class Refused(Exception):
    """The channel says no, and nothing has changed."""

    def __init__(self, no: No, **detail: str) -> None:
        super().__init__(f"{no.status} {no.code}: {no.message}")
        self.no = no
        self.detail = detail

    def content(self) -> dict[str, Any]:
        """The body of the answer."""
        told: dict[str, Any] = {"code": self.no.code, "message": self.no.message}
        return told | {"detail": self.detail} if self.detail else told


Text32 = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Text128 = Annotated[str, msgspec.Meta(max_length=128)]
Fen = Annotated[int, msgspec.Meta(ge=1)]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Part of a request. A field that the documentation does not know is refused."""


class OrderAmount(Words, frozen=True):
    total: Fen
    currency: Literal["CNY"] = "CNY"


class Payer(Words, frozen=True):
    openid: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class SettleInfo(Words, frozen=True):
    profit_sharing: bool = False


class OrderRequest(Words, frozen=True):
    """`POST /v3/pay/transactions/jsapi`."""

    appid: Text32
    mchid: Text32
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=127)]
    out_trade_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-|*]{6,32}$")]
    notify_url: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    amount: OrderAmount
    payer: Payer
    time_expire: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    attach: Text128 = ""
    goods_tag: Text32 | Literal[""] = ""
    support_fapiao: bool = False
    detail: dict[str, Any] | None = None
    scene_info: dict[str, Any] | None = None
    settle_info: SettleInfo | None = None


class CloseRequest(Words, frozen=True):
    """`POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`."""

    mchid: Text32


class RefundAmount(Words, frozen=True):
    refund: Fen
    total: Fen
    currency: Literal["CNY"]


class RefundRequest(Words, frozen=True):
    """`POST /v3/refund/domestic/refunds`. Of the two numbers of the payment, one is needed."""

    out_refund_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
    amount: RefundAmount
    notify_url: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]  # without it: v2 XML
    transaction_id: Text32 | None = None
    out_trade_no: Text32 | None = None
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] | None = None
    funds_account: Literal["AVAILABLE"] | None = None
    goods_detail: list[dict[str, Any]] | None = None


class AbnormalRequest(Words, frozen=True):
    """`POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`."""

    out_refund_no: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    type: Literal["USER_BANK_CARD", "MERCHANT_BANK_CARD"]
    bank_type: str | None = None
    bank_account: str | None = None  # encrypted
    real_name: str | None = None  # encrypted


def beijing(at: datetime) -> str:
    """RFC 3339 to the second, as the channel writes times."""
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


def compact(content: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(content)


class Seal:
    """Signs and encrypts as the channel does towards one merchant. Thread-safe."""

    def __init__(self, platform: Platform) -> None:
        self._cipher = AESGCM(platform.apiv3_key.encode())
        self._turns = count()
        self.adopt(platform)

    def adopt(self, platform: Platform) -> None:
        """Sign with these keys from now on, in turns: a change of keys takes days."""
        self._keys = [(id, private_key(pem)) for id, pem in platform.private_keys.items()]

    @property
    def keys(self) -> int:
        """How many keys sign in turn."""
        return len(self._keys)

    def headers(self, body: bytes, at: datetime) -> dict[str, str]:
        """The five headers that prove `body` to be ours. Half a millisecond of work."""
        timestamp, nonce = str(int(at.timestamp())), secrets.token_hex(16)
        words = b"%s\n%s\n%s\n" % (timestamp.encode(), nonce.encode(), body)
        keys = self._keys
        key_id, key = keys[next(self._turns) % len(keys)]
        signature = key.sign(words, padding.PKCS1v15(), hashes.SHA256())
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": b64encode(signature).decode(),
            "Wechatpay-Serial": key_id,
            "Wechatpay-Signature-Type": SCHEME,
        }

    def encrypted(self, content: Mapping[str, Any], kind: str) -> dict[str, str]:
        """The `resource` of a notification. `kind` is bound to it as associated data."""
        nonce = secrets.token_hex(6)  # 12 characters
        sealed = self._cipher.encrypt(nonce.encode(), compact(content), kind.encode())
        return {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": b64encode(sealed).decode(),
            "associated_data": kind,
            "nonce": nonce,
        }


def private_key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the channel's key must be RSA")
    return key
