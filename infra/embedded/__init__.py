"""`tuan up`: our own PostgreSQL, NATS and services on one machine, started, watched and stopped together.

`home.py` the data directory, `ports.py` free ports, `leash.py` and `child.py` one process, `postgres.py` and
`nats.py` the two servers from their wheels, `services.py` the list of our own, `supervisor.py` who watches.
"""
