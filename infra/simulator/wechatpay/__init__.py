"""A channel that speaks WeChat Pay API v3, for development, tests and simulation.

The real channel has no sandbox. This one is a separate server with its own books, so it can be the judge of
ours: it shares no code with the adapter and none of its libraries for signing. What it knows is documented
behaviour, strictly applied. Read in this order: `protocol.py` (the words), `gate.py` (who may speak),
`rules.py` and `refunds.py` (what an order and a refund may become), `funds.py` (the merchants' money),
`schema.py` and `books.py` (what happened, on disk), `clearing.py` (refunds on their way), `message.py` and
`notifier.py` (telling the merchant), `faults.py` (what goes wrong on purpose), `verdict.py` (what the books
say against anybody), `bill_books.py`, `bill_text.py` and `bill_press.py` (bills), `v3.py`,
`v3_refunds.py`, `bills.py`, `outside.py`, `fault_desk.py` and `bill_desk.py` (the routes), `app.py` (it all
together), `server.py` (the process).
"""
