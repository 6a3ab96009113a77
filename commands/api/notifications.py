"""What a payment channel tells us unasked: proven by its signature, answered only once it is durable.

The channel repeats a message until it is answered well, so anything but "recorded" must be a failure here:
a capture that we could not record is money that would be lost.
"""

import logging
import re
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec

from commands.api.counter import Counter, insist
from commands.api.http import JSON, SAFE, Endpoint, Request, Response
from commands.api.openapi import ApiRoute, problems
from commands.api.payments import Cashier
from commands.api.problems import Refused
from commands.ports import BadNotification, ChannelPayment, Submission
from commands.record_capture import RecordCapture
from domain.identity import PUBLIC

log = logging.getLogger(__name__)

CAPTURE: Final = "record_capture"
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
            payment = channel.read_notification(headers, await request.body())
        except BadNotification as bad:
            log.warning("notification of %s for %s refused: %s", name, tenant, bad)
            return failed(401, "not proven")
        return await self.record(tenant, name, payment)

    async def record(self, tenant: str, name: str, payment: ChannelPayment) -> Response:
        """204 only after the commit."""
        try:
            capture = self.capture(tenant, name, payment)
        except ValueError:
            log.error("the channel tells of a payment that is none of ours: %r", payment)
            return failed(500, "not recorded")
        try:
            answer = await insist(self.counter, capture)
        except Refused as trouble:
            log.warning("capture of %s not recorded yet: %s", payment.out_trade_no, trouble)
            return failed(500, "try again")
        if answer.outcome != "accepted":
            # Money arrived that we cannot place: somebody must look, and the channel keeps reminding.
            log.error("capture of %s refused: %s", payment.out_trade_no, answer.outcome)
            return failed(500, "not recorded")
        return Response(204, SAFE)

    def capture(self, tenant: str, name: str, payment: ChannelPayment) -> Submission:
        """One command for each transaction of the channel, however often it is told.

        Raises: ValueError when it cannot be about a payment of ours.
        """
        fields = {
            "payment_id": UUID(hex=payment.out_trade_no),
            "transaction_id": payment.transaction_id,
            "amount_fen": payment.amount.fen if payment.amount else 0,
            "paid_at": payment.paid_at,
        }
        command = msgspec.convert(fields, RecordCapture)
        body = msgspec.json.encode(command)
        command_id = self.counter.new_id()
        digest = blake2b(payment.transaction_id.encode(), digest_size=16).hexdigest()
        return Submission(
            command_id=command_id,
            tenant=tenant,
            principal=f"channel:{name}",
            name=CAPTURE,
            idempotency_key=f"capture:{digest}",
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
        "summary": "A payment channel reports a payment. Proven by its signature, not by a token.",
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
