"""One batch as the arguments of `write_batch`: an array a column, so that a commit is one statement."""

from typing import LiteralString

from psycopg.types.numeric import Int8

from commands.engine.batch import Batch
from commands.engine.ports import Head
from infra.cell.arrays import Bigints, Blobs, Instants, Ints, Texts, Uuids

COMMIT: LiteralString = (
    "select write_batch(" + ", ".join(["%b"] * 8 + ["%b"] * 8 + ["%b"] * 17 + ["%b"] * 16) + ")"
)


def columns(head: Head, batch: Batch) -> tuple[object, ...]:
    """The arguments of `write_batch`, in its order."""
    dropped = [key for key, timer in batch.timers.items() if timer is None]
    timers = [(*key, *timer) for key, timer in batch.timers.items() if timer is not None]
    of, names, due, tenants, bodies, causes = zip(*timers, strict=True) if timers else ((),) * 6
    inbox, done_as = zip(*batch.inbox, strict=True) if batch.inbox else ((), ())
    snapshots = zip(*batch.snapshots, strict=True) if batch.snapshots else ((),) * 6
    s_stream, s_tenant, s_category, s_version, s_shape, s_state = snapshots
    e = tuple(zip(*batch.events, strict=True)) if batch.events else ((),) * 8
    c = tuple(zip(*batch.commands, strict=True)) if batch.commands else ((),) * 17
    return (
        *(Int8(head.epoch), Int8(head.position), head.hash, Int8(head.seq)),
        *(batch.hash, batch.command_hash, batch.at, batch.code_rev),
        *(Texts(e[0]), Texts(e[1]), Uuids(e[2]), Ints(e[3]), Texts(e[4]), Blobs(e[5])),
        *(Uuids(e[6]), Blobs(e[7])),
        *(Uuids(c[0]), Texts(c[1]), Texts(c[2]), Texts(c[3]), Texts(c[4]), Uuids(c[5])),
        *(Blobs(c[6]), Blobs(c[7]), Blobs(c[8]), Texts(c[9]), Blobs(c[10]), Bigints(c[11])),
        *(Bigints(c[12]), Bigints(c[13]), Uuids(c[14]), Uuids(c[15]), Blobs(c[16])),
        *(Uuids([of for of, _ in dropped]), Texts([name for _, name in dropped])),
        *(Uuids(of), Texts(names), Instants(due), Texts(tenants), Blobs(bodies), Uuids(causes)),
        *(Uuids(inbox), Uuids(done_as)),
        *(Uuids(s_stream), Texts(s_tenant), Texts(s_category), Ints(s_version)),
        *(Texts(s_shape), Blobs(s_state)),
    )
