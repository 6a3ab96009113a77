"""From the log of a cell to everything that follows it. Postgres is the truth; NATS carries it, and may lose it.

messages.py     an event on the wire, and its place in the log
log.py          reading the log itself
jetstream.py    one session with NATS: the cell's stream, batches out, messages in
relay.py        log -> stream, where stream sequence = position
intake.py       stream -> memory, in the background; losing anything here costs only time
consumer.py     memory or log -> handlers, in the transaction of their checkpoints
checkpoints.py  leases and checkpoints
parking.py      what happens to an event that a projection cannot take
decisions.py    the log of commands -> the projection of refusals
replay.py       a projection made again from the log, and digests to compare
"""
