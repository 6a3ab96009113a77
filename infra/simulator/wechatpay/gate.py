"""Who may speak: the checks of every request, in the order in which the channel makes them.

The headers first, then how `Authorization` is written, its time before its signature, then whose key it is,
and the signature over method, raw target, timestamp, nonce and raw body last. (The real gateway forgives a
missing Accept or User-Agent on some routes; here all of them insist.)
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infra.simulator.wechatpay.protocol import SCHEME, No, Refused
from infra.wechatpay.credentials import Platform

SKEW_MAX = timedelta(minutes=5)
FIELD = re.compile(r'([a-z_]+)="([^"]*)"')
FIELDS = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}

NO_HEADERS = No(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent")
MALFORMED = No(
    401,
    "SIGN_ERROR",
    "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
)
WRONG_SCHEME = No(401, "SIGN_ERROR", "HTTP头Authorization认证类型不正确")
WRONG_TIME = No(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
WRONG_SERIAL = No(401, "SIGN_ERROR", "商户证书序列号有误。请使用签名私钥匹配的证书序列号")
WRONG_SIGNATURE = No(401, "SIGN_ERROR", "签名错误，请检查后再试")


class Spoken(NamedTuple):
    """One request as it came over the wire."""

    method: str
    target: bytes  # path and query, percent-encoding untouched
    headers: Mapping[str, str]  # lower-case names, or a case-insensitive mapping
    body: bytes


class Gate:
    """Knows the merchants by their certificates."""

    def __init__(self, platforms: Mapping[str, Platform]) -> None:
        self._merchants = {
            mchid: (platform.account.serial_no, public_key(platform.merchant_certificate))
            for mchid, platform in platforms.items()
        }

    def admit(self, said: Spoken, now: datetime) -> str:
        """The mchid that signed this said. Raises: Refused."""
        headers = said.headers
        if not accepts_json(headers.get("accept", "")) or not headers.get("user-agent"):
            raise Refused(NO_HEADERS)
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        if not rest:
            raise Refused(MALFORMED)
        if scheme != SCHEME:
            raise Refused(WRONG_SCHEME)
        given = fields(rest)
        if abs(int(given["timestamp"]) - now.timestamp()) > SKEW_MAX.total_seconds():
            raise Refused(WRONG_TIME)
        serial_no, key = self._merchants.get(given["mchid"], ("", None))
        if key is None or given["serial_no"] != serial_no:
            raise Refused(WRONG_SERIAL)
        words = b"%s\n%s\n%s\n%s\n%s\n" % (
            said.method.encode(),
            said.target,
            given["timestamp"].encode(),
            given["nonce_str"].encode(),
            said.body,
        )
        try:
            key.verify(
                b64decode(given["signature"], validate=True),
                words,
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except (ValueError, InvalidSignature):
            raise Refused(WRONG_SIGNATURE) from None
        return given["mchid"]


def fields(text: str) -> dict[str, str]:
    """The five parts of `Authorization`, in any order, each once, nothing between but commas."""
    parts = [FIELD.fullmatch(part) for part in text.split(",")]
    given = {part[1]: part[2] for part in parts if part}
    if len(parts) != len(FIELDS) or given.keys() != FIELDS:
        raise Refused(MALFORMED)
    if not re.fullmatch(r"[0-9]{1,12}", given["timestamp"]):
        raise Refused(MALFORMED)
    return given


def accepts_json(accept: str) -> bool:
    kinds = {kind.partition(";")[0].strip() for kind in accept.split(",")}
    return not kinds.isdisjoint({"application/json", "application/*", "*/*"})


def public_key(certificate: str) -> rsa.RSAPublicKey:
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("a merchant's certificate must carry an RSA key")
    return key
