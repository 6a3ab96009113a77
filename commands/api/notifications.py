"""What a payment channel tells us unasked: proven by its signature, answered only once it is durable.

The channel repeats a message until it is answered well, so anything but "recorded" must be a failure here:
a capture that we could not record is money that would be lost. A payment told with another amount than was
asked for is not believed before the channel has been asked itself.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec

from commands.api.counter import Counter, insist
from commands.api.http import JSON, SAFE, Endpoint, Request, Response
from commands.api.openapi import ApiRoute, problems
from commands.api.payments import Cashier
from commands.api.problems import Refused
from commands.hear_refund import HearRefund
from commands.ports import (
    BadNotification,
    ChannelInDoubt,
    ChannelPayment,
    ChannelRefund,
    ChannelRefused,
    PaymentChannel,
    Submission,
)
from commands.record_capture import RecordCapture
from commands.use_case import Command
from domain.identity import PUBLIC
from domain.payment import AmountUnproven
from domain.refund_numbers import refund_of

log = logging.getLogger(__name__)

CAPTURE: Final = "record_capture"
HEAR: Final = "hear_refund"
SAFE_TENANT: Final = re.compile(r"[a-z0-9-]{1,40}")
PATH: Final = "/v1/notifications/{channel}/{tenant}"


class NotificationRoute:
    """Read, submit, and say 204 or FAIL."""

    def __init__(self, counter: Counter, cashier: Cashier) -> None:
        self.counter = counter
        self.cashier = cashier

    async def handle(self, request: Request) -> Response:
        parameters = request.scope["path_params"]
        tenant, name = parameters["tenant"], parameters["channel"]
        channel = (
            self.cashier.channels.find(tenant, name) if SAFE_TENANT.fullmatch(tenant) else None
        )
        if channel is None:
            return failed(404, "no such account")
        headers = {
            name.decode("latin-1"): v.decode("latin-1") for name, v in request.headers.items()
        }
        try:
            told = channel.read_notification(headers, await request.body())
        except BadNotification as bad:
            log.warning("notification of %s for %s refused: %s", name, tenant, bad)
            return failed(401, "not proven")
        try:
            return await self.record(tenant, channel, told)
        except ValueError:
            log.error("the channel tells of something that is none of ours: %r", told)
            return failed(500, "not recorded")

    async def record(
        self, tenant: str, channel: PaymentChannel, told: ChannelPayment | ChannelRefund
    ) -> Response:
        """204 only after the commit. Raises: ValueError when it cannot be about anything of ours."""
        if isinstance(told, ChannelRefund):
            return await self.submit(self.word(tenant, channel.name, told), told.out_refund_no)
        capture = self.capture(tenant, channel.name, told, asked=False)
        return await self.submit(
            capture, told.out_trade_no, doubted=lambda: self.ask(tenant, channel, told)
        )

    async def submit(
        self,
        submission: Submission,
        number: str,
        doubted: Callable[[], Awaitable[Response]] | None = None,
    ) -> Response:
        """Have it recorded; `doubted` is what to do when its amount is not believed."""
        try:
            answer = await insist(self.counter, submission)
        except Refused as trouble:
            log.warning("%s of %s not recorded yet: %s", submission.name, number, trouble)
            return failed(500, "try again")
        if answer.outcome == AmountUnproven.code and doubted is not None:
            return await doubted()
        if answer.outcome != "accepted":
            # Money moved that we cannot place: somebody must look, and the channel keeps reminding.
            log.error("%s of %s refused: %s", submission.name, number, answer.outcome)
            return failed(500, "not recorded")
        return Response(204, SAFE)

    async def ask(self, tenant: str, channel: PaymentChannel, told: ChannelPayment) -> Response:
        """Record what the channel says of this payment when it is asked."""
        try:
            seen = await channel.query(told.out_trade_no)
        except (ChannelInDoubt, ChannelRefused) as unclear:
            log.warning("%s was told with an unlikely amount, and is unclear: %s", told, unclear)
            return failed(500, "try again")
        if seen.state not in ("paid", "refunded"):
            log.error("told as paid, but when asked it is %s: %r", seen.state, told)
            return failed(500, "not recorded")
        capture = self.capture(tenant, channel.name, seen, asked=True)
        return await self.submit(capture, seen.out_trade_no)

    def capture(
        self, tenant: str, name: str, payment: ChannelPayment, *, asked: bool
    ) -> Submission:
        """One command for each thing that the channel says of a transaction, however often it says it."""
        fields = {
            "payment_id": UUID(hex=payment.out_trade_no),
            "transaction_id": payment.transaction_id,
            "amount_fen": payment.amount.fen if payment.amount else 0,
            "paid_at": payment.paid_at,
            "asked": asked,
        }
        return self.submission(
            tenant, name, CAPTURE, "capture", msgspec.convert(fields, RecordCapture)
        )

    def word(self, tenant: str, name: str, refund: ChannelRefund) -> Submission:
        """One command for each thing that the channel says of a refund number."""
        fields = {
            "refund_id": refund_of(refund.out_refund_no),
            "number": refund.out_refund_no,
            "seen": refund.state,
            "evidence": "notification",
            "channel_refund_id": refund.channel_refund_id,
            "amount_fen": refund.amount.fen if refund.amount else None,
            "received_by": refund.received_by,
            "succeeded_at": refund.succeeded_at,
        }
        return self.submission(tenant, name, HEAR, "refund", msgspec.convert(fields, HearRefund))

    def submission(
        self, tenant: str, channel: str, name: str, kind: str, command: Command
    ) -> Submission:
        """The channel's own command: the same words have the same key."""
        body = msgspec.json.encode(command)
        command_id = self.counter.new_id()
        return Submission(
            command_id=command_id,
            tenant=tenant,
            principal=f"channel:{channel}",
            name=name,
            idempotency_key=f"{kind}:{blake2b(body, digest_size=16).hexdigest()}",
            command=command,
            body=body,
            body_mac=self.counter.macs.of(body),
            correlation_id=command_id,
        )


def failed(status: int, message: str) -> Response:
    """In the channel's own words."""
    body = msgspec.json.encode({"code": "FAIL", "message": message})
    return Response(status, [JSON, *SAFE], body)


def notification_route(counter: Counter, cashier: Cashier) -> ApiRoute:
    schema = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": {"const": "FAIL"}, "message": {"type": "string"}},
    }
    no = {
        "description": "Not recorded; send it again.",
        "content": {"application/json": {"schema": schema}},
    }
    path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": pattern},
        }
        for name, pattern in (("channel", "^[a-z]{1,20}$"), ("tenant", "^[a-z0-9-]{1,40}$"))
    ]
    operation = {
        "operationId": "channel_notification",
        "tags": ["channels"],
        "summary": "A payment channel reports a payment or a refund. Proven by its signature, not by a token.",
        "security": [],
        "parameters": path,
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {
            "204": {"description": "Recorded."},
            "401": no,
            "404": no,
            "500": no,
            **problems(413),
        },
    }
    endpoint = Endpoint(PUBLIC, NotificationRoute(counter, cashier).handle)
    return ApiRoute("POST", PATH, endpoint, operation)
