"""`POST /v1/payouts/bank-file` and `/bank-answer`: payouts go to the bank as a file, and its answer comes back as one.

Accounts are opened only here, into the file that is handed over; nothing of them is stored.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from commands.api.answers import answered, traces
from commands.api.commands import json_body
from commands.api.counter import TROUBLE, Counter, refused, submit
from commands.api.door import correlation_id, idempotency_key
from commands.api.http import SAFE, Endpoint, Request, Response
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
from commands.api.problems import BANK_FILE_INVALID, PAYEE_UNREADABLE, Refused
from commands.api.wire import Body, Reader
from commands.bank_files import BadBankFile, file_name, read_answer, written
from commands.hear_bank import BankHeard, HearBank
from commands.ports import Answer, Erased, Submission, Vault
from commands.send_payouts_by_bank import BankBatch, SendPayoutsByBank
from commands.use_case import Command
from domain.identity import Principal
from domain.ids import PayoutId

SEND: Final = "send_payouts_by_bank"
HEAR: Final = "hear_bank"
SCOPE: Final = "payout:send"
CSV: Final = (b"content-type", b"text/csv; charset=utf-8")


class BankAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bank's answer, whole, as it came."""

    csv: Annotated[str, Meta(min_length=1, max_length=60_000)]


class BankFileRoutes:
    """Record, then write the file; or read the file, then record."""

    def __init__(self, counter: Counter, vault: Vault) -> None:
        self.counter = counter
        self.vault = vault
        self.wanted = Reader(SendPayoutsByBank)
        self.told = Reader(BankAnswer)

    async def send(self, request: Request) -> Response:
        """The same key gives the same file again."""
        principal = await self.counter.door.admit(request, frozenset({SCOPE}), SEND)
        key = idempotency_key(request)
        body = self.wanted.read(await json_body(request))
        answer = await self._submit(request, principal, key, SEND, body.value, body)
        if answer.outcome != "accepted":
            return answered(answer, request)
        batch = msgspec.json.decode(answer.reply, type=BankBatch)
        content = written(batch, await self._accounts(principal.tenant, batch))
        named = f'attachment; filename="{file_name(batch, content)}"'.encode()
        headers = [CSV, *SAFE, (b"content-disposition", named), *traces(answer)]
        return Response(200, headers, content)

    async def hear(self, request: Request) -> Response:
        """All lines or none."""
        principal = await self.counter.door.admit(request, frozenset({SCOPE}), HEAR)
        key = idempotency_key(request)
        body = self.told.read(await json_body(request))
        try:
            command = HearBank(read_answer(body.value.csv))
        except BadBankFile as bad:
            errors = [one._asdict() for one in bad.errors]
            raise Refused(BANK_FILE_INVALID, errors=errors) from None
        return answered(await self._submit(request, principal, key, HEAR, command, body), request)

    async def _submit(
        self,
        request: Request,
        principal: Principal,
        key: str,
        name: str,
        command: Command,
        body: Body,
    ) -> Answer:
        command_id = self.counter.new_id()
        submission = Submission(
            command_id=command_id,
            tenant=principal.tenant,
            principal=principal.subject,
            name=name,
            idempotency_key=key,
            command=command,
            body=msgspec.json.encode(command),
            body_mac=self.counter.macs.of(body.canonical),
            correlation_id=correlation_id(request, command_id),
        )
        return await submit(self.counter, submission)

    async def _accounts(self, tenant: str, batch: BankBatch) -> dict[PayoutId, str]:
        """Raises: Refused, when an account cannot be opened; the batch stands, and the file can be asked for again."""
        try:
            return {
                line.payout_id: await self.vault.unseal(tenant, line.payee) for line in batch.lines
            }
        except (Erased, ValueError):  # its key is gone, or it never was sealed
            raise Refused(PAYEE_UNREADABLE) from None
        except TROUBLE as later:
            raise refused(later) from None


def bank_file_routes(counter: Counter, vault: Vault) -> tuple[ApiRoute, ApiRoute]:
    routes = BankFileRoutes(counter, vault)
    usual = {
        "tags": [SCOPE],
        "security": secured(SCOPE),
        "parameters": [IDEMPOTENCY_KEY, TRACEPARENT, ACCEPT_LANGUAGE],
    }
    no = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
    text: dict[str, Any] = {
        "description": "The file, with totals in its last line.",
        "headers": ANSWER_HEADERS,
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
    send = usual | {
        "operationId": "bank_file",
        "summary": "Put payouts into a file for the bank.",
        "requestBody": takes(SendPayoutsByBank),
        "responses": {"200": text, **no},
    }
    hear = usual | {
        "operationId": "bank_answer",
        "summary": "Read the bank's answer to a file in.",
        "requestBody": takes(BankAnswer),
        "responses": {"200": gives("Decided and durable.", BankHeard, ANSWER_HEADERS), **no},
    }
    may = frozenset({SCOPE})
    return (
        ApiRoute("POST", "/v1/payouts/bank-file", Endpoint(may, routes.send), send, (SendPayoutsByBank,)),
        ApiRoute("POST", "/v1/payouts/bank-answer", Endpoint(may, routes.hear), hear, (BankAnswer, BankHeard)),
    )  # fmt: skip
