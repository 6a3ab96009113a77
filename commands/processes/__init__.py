"""Process managers: what has to follow from facts, asked for again until it is done.

A process turns events into open points of a to-do list and closes them again; a runner works the list off.
It is level-triggered: what is still open is asked for after every event, at start and on a timer, so a
crash, a duplicate or a lost answer costs a repeated question and nothing else. Everything asked for here is
idempotent in the aggregate that is asked (docs/adr/0004).
"""
