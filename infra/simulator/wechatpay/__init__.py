"""A channel that speaks WeChat Pay API v3, for development, tests and simulation.

The real channel has no sandbox. This one is a separate server with its own books, so it can be the judge of
ours: it shares no code with the adapter and none of its libraries for signing. What it knows is documented
behaviour, strictly applied. Read in this order: `protocol.py` (the words), `gate.py` (who may speak),
`rules.py` (what an order may become), `books.py` (what happened, on disk), `notifier.py` (telling the
merchant), `app.py` (the routes), `server.py` (the process).
"""
