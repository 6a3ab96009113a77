"""`POST /v1/commands/<name>`: the hot route, and `GET /v1/commands/<id>` for answers promised later."""

from typing import Final
from uuid import UUID

from commands.api.answers import answered, promised, told
from commands.api.counter import RETRY_SECONDS, TROUBLE, Counter, refused
from commands.api.door import causation_id, correlation_id, idempotency_key, wants_answer_later
from commands.api.http import Endpoint, Request, Response
from commands.api.limits import Limits
from commands.api.openapi import (
    ACCEPT_LANGUAGE,
    ANSWER_HEADERS,
    IDEMPOTENCY_KEY,
    LOCATION,
    PREFER,
    TRACEPARENT,
    ApiRoute,
    Outcome,
    Promise,
    gives,
    problems,
    secured,
    takes,
)
from commands.api.problems import HEADER_INVALID, MEDIA, NO_OWNER, Refused
from commands.api.wire import MAC_BYTES, Reader
from commands.ports import Forwarder, NotOwner, Pending, Submission
from commands.use_case import UseCase
from domain.identity import Principal
from domain.problem import NOT_FOUND

FORWARDED: Final = b"tuan-forwarded"  # set once; a request that has it is never passed on again
PASSED_ON: Final = (
    b"authorization",
    b"content-type",
    b"idempotency-key",
    b"prefer",
    b"traceparent",
    b"accept-language",
    b"tuan-causation-id",
    b"tuan-body-mac",
)


class CommandRoute:
    """One use case over HTTP."""

    def __init__(self, use_case: UseCase, counter: Counter) -> None:
        self.name = use_case.name
        self.needs = frozenset({use_case.scope})
        self.counter = counter
        self.reader = Reader(use_case.command)

    def endpoint(self) -> Endpoint:
        return Endpoint(self.needs, self.handle)

    async def handle(self, request: Request) -> Response:
        counter = self.counter
        principal = await counter.door.admit(request, self.needs, self.name)
        key = idempotency_key(request)
        raw = await json_body(request)
        submission = self.submission(request, principal, key, raw)
        try:
            if wants_answer_later(request):
                return promised(await counter.inbox.put(submission))
            return answered(await counter.submitter.submit(submission), request)
        except NotOwner as elsewhere:
            return await relayed(counter.forwarder, elsewhere.address, request, raw)
        except TROUBLE as trouble:
            raise refused(trouble) from None

    def submission(
        self, request: Request, principal: Principal, key: str, raw: bytes
    ) -> Submission:
        """Raises: Refused when the body is not this command."""
        command, canonical = self.reader.read(raw)
        command_id = self.counter.new_id()
        of_ours = principal.platform or not Limits.SERVICE.isdisjoint(principal.scopes)
        return Submission(
            command_id=command_id,
            tenant=principal.tenant,
            principal=principal.subject,
            name=self.name,
            idempotency_key=key,
            command=command,
            body=canonical,
            body_mac=vouched_mac(request, principal) or self.counter.macs.of(canonical),
            correlation_id=correlation_id(request, command_id),
            causation_id=causation_id(request) if of_ours else None,
        )


def vouched_mac(request: Request, principal: Principal) -> bytes:
    """The digest of a body before its personal fields were sealed, if one of our processes sends it.

    Raises: Refused when it is none.
    """
    header = request.headers.get(b"tuan-body-mac") if principal.platform else None
    if header is None:
        return b""
    try:
        mac = bytes.fromhex(header.decode("ascii"))
    except ValueError:
        mac = b""
    if len(mac) != MAC_BYTES:
        raise Refused(HEADER_INVALID, header="Tuan-Body-Mac")
    return mac


async def json_body(request: Request) -> bytes:
    """Raises: Refused when the client says that it is something else, or it is too large."""
    media = request.headers.get(b"content-type", b"application/json")
    if not media.startswith(b"application/json"):
        raise Refused(MEDIA)
    return await request.body()


async def relayed(forwarder: Forwarder, address: str, request: Request, raw: bytes) -> Response:
    """The owner's answer to the same request. Raises: Refused when no owner can be reached."""
    if not address or FORWARDED in request.headers:
        raise Refused(NO_OWNER, retry_after_seconds=RETRY_SECONDS)
    headers = [(name, request.headers[name]) for name in PASSED_ON if name in request.headers]
    try:
        answer = await forwarder.relay(address, request.path, [*headers, (FORWARDED, b"1")], raw)
    except TROUBLE as trouble:
        raise refused(trouble) from None
    return Response(*answer)


class StatusRoute:
    """What became of a command that was promised an answer later. Strangers learn nothing."""

    def __init__(self, needs: frozenset[str], counter: Counter) -> None:
        self.needs = needs
        self.counter = counter

    def endpoint(self) -> Endpoint:
        return Endpoint(self.needs, self.handle)

    async def handle(self, request: Request) -> Response:
        principal = await self.counter.door.admit(request, self.needs, "command_status")
        command_id: UUID = request.scope["path_params"]["command_id"]
        try:
            found = await self.counter.inbox.status(principal.tenant, principal.subject, command_id)
        except TROUBLE as trouble:
            raise refused(trouble) from None
        if found is None:
            raise Refused(NOT_FOUND)
        return promised(found.command_id) if isinstance(found, Pending) else told(found)


# --- documented --------------------------------------------------------------------------------


def command_route(use_case: UseCase, counter: Counter) -> ApiRoute:
    words = (use_case.command.__doc__ or use_case.name).strip()
    operation = {
        "operationId": use_case.name,
        "tags": [use_case.scope],
        "summary": words.splitlines()[0],
        "description": words,
        "security": secured(use_case.scope),
        "parameters": [IDEMPOTENCY_KEY, PREFER, TRACEPARENT, ACCEPT_LANGUAGE],
        "requestBody": takes(use_case.command),
        "responses": {
            "200": gives("Decided and durable.", use_case.reply, ANSWER_HEADERS),
            "202": gives("Stored, to be decided.", Promise, LOCATION),
            **problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
        },
    }
    endpoint = CommandRoute(use_case, counter).endpoint()
    path = f"/v1/commands/{use_case.name}"
    return ApiRoute("POST", path, endpoint, operation, (use_case.command, use_case.reply))


def status_route(scopes: frozenset[str], counter: Counter) -> ApiRoute:
    schema = {"type": "string", "format": "uuid"}
    command_id = {"name": "command_id", "in": "path", "required": True, "schema": schema}
    operation = {
        "operationId": "command_status",
        "tags": ["commands"],
        "summary": "What became of a command that was answered 202.",
        "security": secured(*sorted(scopes)),
        "parameters": [command_id, ACCEPT_LANGUAGE],
        "responses": {
            "200": gives("Decided and durable.", Outcome, ANSWER_HEADERS),
            "202": gives("Not decided yet.", Promise, LOCATION),
            **problems(401, 403, 404, 405, 429, 500, 503),
        },
    }
    endpoint = StatusRoute(scopes, counter).endpoint()
    return ApiRoute("GET", "/v1/commands/{command_id:uuid}", endpoint, operation)
