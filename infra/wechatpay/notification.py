"""What the channel tells us unasked: proven, decrypted, about us, and not heard before.

The channel repeats a notification until it is answered 2xx, each time freshly stamped and signed; such a
repetition is read again, because nobody knows whether the first one was recorded. The same *bytes* again
are somebody else's recording: refused by this process for as long as their timestamp would be accepted.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from wechatpayv3.utils import aes_decrypt

from commands.ports import BadNotification, ChannelPayment, ChannelRefund, Clock
from infra.wechatpay.credentials import Merchant
from infra.wechatpay.refunds import read_told_refund
from infra.wechatpay.signature import AGE_MAX, Stamp, Unproven, Verifier
from infra.wechatpay.transaction import Foreign, read_transaction

PAID = "TRANSACTION.SUCCESS"
REFUNDED = frozenset({"REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"})
ALGORITHM = "AEAD_AES_256_GCM"


class Resource(msgspec.Struct, frozen=True):
    algorithm: str
    ciphertext: str  # base64
    nonce: str
    associated_data: str = ""
    original_type: str = ""


class Notification(msgspec.Struct, frozen=True):
    id: str
    event_type: str
    resource: Resource


class Heard:
    """Messages read lately. Only proven ones get in, so a stranger cannot fill it."""

    def __init__(self) -> None:
        self._messages: set[tuple[str, Stamp]] = set()
        self._until: deque[tuple[datetime, tuple[str, Stamp]]] = deque()

    def first_time(self, id: str, stamp: Stamp, now: datetime) -> bool:
        """Remember it; False when these very words were heard before."""
        while self._until and self._until[0][0] < now:
            self._messages.discard(self._until.popleft()[1])
        message = (id, stamp)
        if message in self._messages:
            return False
        self._messages.add(message)
        # A timestamp may lie AGE_MAX ahead of us, and is accepted until AGE_MAX after itself.
        self._until.append((now + 2 * AGE_MAX + timedelta(seconds=1), message))
        return True


class NotificationReader:
    """Reads the notifications of one merchant account."""

    def __init__(self, merchant: Merchant, verifier: Verifier, clock: Clock) -> None:
        self._merchant = merchant
        self._verifier = verifier
        self._clock = clock
        self._heard = Heard()

    def read(self, headers: Mapping[str, str], body: bytes) -> ChannelPayment | ChannelRefund:
        """Raises: BadNotification."""
        now = self._clock.now()
        try:
            stamp = self._verifier.verify(headers, body, now)
            notification = msgspec.json.decode(body, type=Notification)
            told = self._understand(notification)
        except (Unproven, Foreign, msgspec.DecodeError) as bad:
            raise BadNotification(str(bad)) from bad
        if not self._heard.first_time(notification.id, stamp, now):
            raise BadNotification("heard before")
        return told

    def _understand(self, notification: Notification) -> ChannelPayment | ChannelRefund:
        """Raises: Foreign."""
        kind, resource = notification.event_type, notification.resource
        if kind in REFUNDED and resource.original_type == "refund":
            return read_told_refund(self._decrypt(resource), kind, self._merchant.account)
        if kind != PAID or resource.original_type != "transaction":
            raise Foreign(f"{kind} about a {resource.original_type!r} is not for us")
        payment = read_transaction(self._decrypt(resource), self._merchant.account)
        if payment.state not in ("paid", "refunded"):
            raise Foreign("announced as paid, but is not")
        return payment

    def _decrypt(self, resource: Resource) -> bytes:
        """Raises: Foreign."""
        if resource.algorithm != ALGORITHM:
            raise Foreign("an encryption that we do not know")
        try:
            text: str | None = aes_decrypt(
                resource.nonce,
                resource.ciphertext,
                resource.associated_data,
                self._merchant.apiv3_key,
            )
        except ValueError as malformed:  # not base64, a nonce of the wrong length, or not UTF-8
            raise Foreign("undecryptable") from malformed
        if text is None:
            raise Foreign("undecryptable")
        return text.encode()
