"""The rules of group buying, and nothing else: no clock, no randomness, no I/O.

events/      what happened (the storage format; add, never change)
<noun>.py    what may happen: one module per aggregate, in the order state, refusals, decisions, evolve
terms.py     what a campaign promises; copied into every opening event, so later edits change no promise
"""
