"""The rival: FastAPI, pydantic, a connection pool and one plpgsql call that takes row locks.

It makes the same promises for one join: identity, validation, idempotency with a recorded answer, seat,
stock, quota and deadline in one commit. It keeps no events, no hash chain and no timers.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Annotated, Any
from uuid import UUID

import psycopg
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

from domain.identity import Principal, Unauthenticated
from infra.clock import clock_from
from infra.identity.opening import open_register, open_verifier
from infra.settings import load

CONNECTIONS = 16  # the best of 8, 16, 32 and 64 here
# As for ours: a plan made while its tables were small would go on reading them whole.
SESSION = "-c search_path=row_locks -c enable_seqscan=off"
JOIN = "select * from row_locks.join_group(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"


class JoinGroup(BaseModel):
    model_config = ConfigDict(extra="forbid")
    group_id: UUID
    province: str = Field(pattern=r"^\d\d$")
    quantity: int = Field(default=1, ge=1, le=100)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = load()
    async with (
        open_register(settings) as register,
        open_verifier(settings, clock_from(settings), register) as verifier,
        AsyncConnectionPool[psycopg.AsyncConnection[Any]](
            settings.dsn(),
            min_size=CONNECTIONS,
            max_size=CONNECTIONS,
            kwargs={"autocommit": True, "options": SESSION},
        ) as pool,
    ):
        app.state.verifier, app.state.pool = verifier, pool
        app.state.mac_key = settings.key("mac_key")
        yield


app = FastAPI(lifespan=lifespan)


async def caller(request: Request, authorization: Annotated[str, Header()]) -> Principal:
    try:
        principal: Principal = await request.app.state.verifier.verify(
            authorization.removeprefix("Bearer ")
        )
    except Unauthenticated:
        raise HTTPException(401) from None
    if not principal.may(frozenset({"shop"})):
        raise HTTPException(403)
    return principal


@app.post("/v1/commands/join_group")
async def join_group(
    command: JoinGroup,
    request: Request,
    principal: Annotated[Principal, Depends(caller)],
    idempotency_key: Annotated[str, Header(max_length=128)],
) -> Any:
    body = command.model_dump_json().encode()
    mac = blake2b(body, key=request.app.state.mac_key, digest_size=32).digest()
    values = (
        *(principal.tenant, principal.subject, idempotency_key, body, mac, command.group_id),
        *(UUID(principal.subject), uuid7(), command.quantity, command.province),
    )
    async with request.app.state.pool.connection() as connection:
        try:
            cursor = await connection.execute(JOIN, values, prepare=True)
        except psycopg.DatabaseError as error:
            raise HTTPException(422 if error.sqlstate == "TU422" else 409) from None
        outcome, reply = await cursor.fetchone()
    if outcome != "accepted":
        raise HTTPException(409, detail=reply)
    return reply


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
