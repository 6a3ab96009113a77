"""The one writer of a cell. Read in this order:

ports.py     what the engine needs from the database
chain.py     the hashes that make any later change of history visible
cache.py     states of aggregates, bounded by bytes; forgetting is the only undo
attempt.py   one command: what it may see, what it decided
batch.py     decided commands, laid out as columns for one commit
queue.py     who waits where: lanes, tenants, bounds
outcome.py   what came of one command, and what its caller is told
writer.py    decides batches and commits them
intake.py    what the next batch is made of
parts.py     what an engine is made of
engine.py    the loop: collect, decide, commit, answer; and ownership around it
"""
