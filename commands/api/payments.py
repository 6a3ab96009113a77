"""`POST /v1/payments`: a buyer starts to pay. Record it, ask the channel, record its answer.

No step holds a transaction open, each may be repeated, and the number at the channel is the same every
time: whatever is lost on the way, the client repeats with the same key and arrives.
"""

import logging
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

import msgspec

from commands.api.answers import answered, traces
from commands.api.commands import json_body
from commands.api.counter import Counter, insist, refused, submit
from commands.api.door import SHOPPING, correlation_id, idempotency_key
from commands.api.http import JSON, SAFE, Endpoint, Request, Response
from commands.api.openapi import (
    ACCEPT_LANGUAGE,
    ANSWER_HEADERS,
    IDEMPOTENCY_KEY,
    TRACEPARENT,
    ApiRoute,
    gives,
    problems,
    secured,
    takes,
)
from commands.api.problems import CHANNEL_IN_DOUBT, CHANNEL_REFUSED, CHANNEL_UNKNOWN, Refused
from commands.api.wire import Body, Reader
from commands.fields import Name
from commands.ports import (
    Answer,
    ChannelInDoubt,
    ChannelRefused,
    Overloaded,
    PaymentChannel,
    Submission,
    Vault,
)
from commands.record_prepay import RecordPrepay
from commands.start_payment import StartedPayment, StartPayment
from domain.identity import Principal
from domain.ids import OrderId, PaymentId
from domain.money import Money

log = logging.getLogger(__name__)

CASHIER: Final = "platform:cashier"  # who records what the channel answered
START: Final = "start_payment"
PREPAY: Final = "record_prepay"
DOUBT_SECONDS: Final = 2  # after which a client may ask again


class Channels(Protocol):
    """The payment channels there are."""

    def find(self, tenant: str, name: str) -> PaymentChannel | None:
        """None when this tenant has no account there."""


class Cashier(NamedTuple):
    """What paying needs besides commands."""

    channels: Channels
    vault: Vault


class PaymentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pay this order through this channel. `openid` is the buyer's id there; it is stored sealed."""

    order_id: OrderId
    channel: Name
    openid: Name


class PaymentParameters(msgspec.Struct, frozen=True):
    """Hand `parameters` to the channel's client: they are signed and open the cashier."""

    payment_id: PaymentId
    parameters: dict[str, str]


class PaymentRoute:
    """Seal, record, ask, record, answer."""

    def __init__(self, counter: Counter, cashier: Cashier) -> None:
        self.counter = counter
        self.cashier = cashier
        self.reader = Reader(PaymentRequest)

    async def handle(self, request: Request) -> Response:
        principal = await self.counter.door.admit(request, SHOPPING, START)
        key = idempotency_key(request)
        body = self.reader.read(await json_body(request))
        channel = self.cashier.channels.find(principal.tenant, body.value.channel)
        if channel is None:
            raise Refused(CHANNEL_UNKNOWN)

        start = await self.start(request, principal, key, body)
        started = await submit(self.counter, start)
        if started.outcome != "accepted":
            return answered(started, request)
        payment = msgspec.json.decode(started.reply, type=StartedPayment)
        prepay_id = await prepare(channel, payment, payer=body.value.openid)
        recorded = await insist(self.counter, self.prepay(start, payment.payment_id, prepay_id))
        if recorded.outcome != "accepted":
            return answered(recorded, request)
        parameters = PaymentParameters(
            payment.payment_id, dict(channel.client_parameters(prepay_id))
        )
        headers = [JSON, *SAFE, *traces(where_both_are_seen(started, recorded))]
        return Response(200, headers, msgspec.json.encode(parameters))

    async def start(
        self, request: Request, principal: Principal, key: str, body: Body
    ) -> Submission:
        """The digest is over what the client sent: sealing the payer afresh makes no other request."""
        asked: PaymentRequest = body.value
        vault = self.cashier.vault
        try:
            sealed = await vault.seal(principal.tenant, principal.subject, asked.openid)
        except Overloaded as later:
            raise refused(later) from None
        command = StartPayment(asked.order_id, asked.channel, sealed)
        command_id = self.counter.new_id()
        return Submission(
            command_id=command_id,
            tenant=principal.tenant,
            principal=principal.subject,
            name=START,
            idempotency_key=key,
            command=command,
            body=msgspec.json.encode(command),
            body_mac=self.counter.macs.of(body.canonical),
            correlation_id=correlation_id(request, command_id),
        )

    def prepay(self, start: Submission, payment_id: PaymentId, prepay_id: str) -> Submission:
        """One command for each prepay id the channel ever names, however often it names it."""
        command = RecordPrepay(payment_id, prepay_id)
        body = msgspec.json.encode(command)
        return Submission(
            command_id=self.counter.new_id(),
            tenant=start.tenant,
            principal=CASHIER,
            name=PREPAY,
            idempotency_key=f"prepay:{blake2b(body, digest_size=16).hexdigest()}",
            command=command,
            body=body,
            body_mac=self.counter.macs.of(body),
            correlation_id=start.correlation_id,
            causation_id=start.command_id,
        )


async def prepare(channel: PaymentChannel, payment: StartedPayment, *, payer: str) -> str:
    """The channel's prepay id. Raises: Refused."""
    try:
        return await channel.prepare(
            out_trade_no=payment.out_trade_no,
            amount=Money(payment.amount_fen),
            payer=payer,
            description=payment.description,
            expires_at=payment.expires_at,
        )
    except ChannelRefused as no:
        raise Refused(CHANNEL_REFUSED, channel_code=no.code) from None
    except ChannelInDoubt as doubt:
        log.warning("payment %s is in doubt: %s", payment.payment_id, doubt)
        raise Refused(CHANNEL_IN_DOUBT, retry_after_seconds=DOUBT_SECONDS) from None


def where_both_are_seen(started: Answer, recorded: Answer) -> Answer:
    """The client's own command, at the later position."""
    return started._replace(token=recorded.token)


def payment_route(counter: Counter, cashier: Cashier) -> ApiRoute:
    operation = {
        "operationId": "pay",
        "tags": ["shop"],
        "summary": "Start paying an order and get what the client needs to open the cashier.",
        "description": "The payer id is sealed under the buyer's own key before it is stored. When the "
        "channel is in doubt (503 `channel_in_doubt`), repeat with the same Idempotency-Key.",
        "security": secured("shop"),
        "parameters": [IDEMPOTENCY_KEY, TRACEPARENT, ACCEPT_LANGUAGE],
        "requestBody": takes(PaymentRequest),
        "responses": {
            "200": gives("The channel waits for the buyer.", PaymentParameters, ANSWER_HEADERS),
            **problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
        },
    }
    endpoint = Endpoint(SHOPPING, PaymentRoute(counter, cashier).handle)
    return ApiRoute(
        "POST", "/v1/payments", endpoint, operation, (PaymentRequest, PaymentParameters)
    )
