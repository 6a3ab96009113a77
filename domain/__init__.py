"""The rules of group buying, and nothing else: no clock, no randomness, no I/O.

events/         what happened (the storage format; add, never change)
<noun>.py       what may happen: one module per aggregate: state, refusals, decisions, evolve
reservation.py  how a group's life moves units of its pool
terms.py        what a campaign promises; copied into every opening event, so promises never change
offer.py        the terms with their goods and pool, as groups and orders carry them
display.py      what buyers read; free of rules, so the read side may use it
"""
