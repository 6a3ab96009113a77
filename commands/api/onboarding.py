"""`POST /v1/onboarding`: a merchant is settled with from now on, and its account is stored sealed."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from commands.api.answers import answered
from commands.api.commands import json_body
from commands.api.counter import TROUBLE, Counter, refused, submit
from commands.api.door import correlation_id, idempotency_key
from commands.api.http import Endpoint, Request, Response
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
from commands.api.wire import Reader
from commands.fields import Name, Title
from commands.onboard_merchant import OnboardMerchant
from commands.ports import Submission, Vault
from commands.settling import MerchantState
from domain.events.payout import Route
from domain.ids import merchant_id

ONBOARD: Final = "onboard_merchant"
MAY: Final = frozenset({"merchant:write"})


class OnboardingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`merchant` is what its SKUs name it. `account` is where it is paid: in the words of the route, stored sealed."""

    merchant: Name
    name: Title
    self_operated: bool
    route: Route
    account: Annotated[str, Meta(min_length=1, max_length=300)]


class OnboardingRoute:
    """Seal, record, answer."""

    def __init__(self, counter: Counter, vault: Vault) -> None:
        self.counter = counter
        self.vault = vault
        self.reader = Reader(OnboardingRequest)

    async def handle(self, request: Request) -> Response:
        principal = await self.counter.door.admit(request, MAY, ONBOARD)
        key = idempotency_key(request)
        body = self.reader.read(await json_body(request))
        asked: OnboardingRequest = body.value
        subject = str(merchant_id(principal.tenant, asked.merchant))
        try:
            sealed = await self.vault.seal(principal.tenant, subject, asked.account)
        except TROUBLE as later:
            raise refused(later) from None
        command = OnboardMerchant(
            asked.merchant, asked.name, asked.self_operated, asked.route, sealed
        )
        command_id = self.counter.new_id()
        submission = Submission(
            command_id=command_id,
            tenant=principal.tenant,
            principal=principal.subject,
            name=ONBOARD,
            idempotency_key=key,
            command=command,
            body=msgspec.json.encode(command),
            body_mac=self.counter.macs.of(body.canonical),
            correlation_id=correlation_id(request, command_id),
        )
        return answered(await submit(self.counter, submission), request)


def onboarding_route(counter: Counter, vault: Vault) -> ApiRoute:
    operation = {
        "operationId": "onboard",
        "tags": ["merchant:write"],
        "summary": "Settle with a merchant from now on.",
        "description": "The account is sealed under the merchant's own key before it is stored.",
        "security": secured("merchant:write"),
        "parameters": [IDEMPOTENCY_KEY, TRACEPARENT, ACCEPT_LANGUAGE],
        "requestBody": takes(OnboardingRequest),
        "responses": {
            "200": gives("Decided and durable.", MerchantState, ANSWER_HEADERS),
            **problems(400, 401, 403, 409, 413, 415, 422, 429, 500, 503),
        },
    }
    endpoint = Endpoint(MAY, OnboardingRoute(counter, vault).handle)
    return ApiRoute(
        "POST", "/v1/onboarding", endpoint, operation, (OnboardingRequest, MerchantState)
    )
