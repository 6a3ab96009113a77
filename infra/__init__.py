"""Sockets, files, clocks and dice: everything the other packages must not touch, and the wiring of it all.

Imports every package and is imported by none. `cli.py` is the way in, `settings.py` what can be set,
`embedded/` the PostgreSQL and NATS that come along, `migrate.py` and `migrations/` the tables.
"""
