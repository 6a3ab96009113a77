"""Queries over the read models. Nothing here can change anything, and no rule is run.

app.py        puts it together
access.py     who may ask, and for which tenant
snapshot.py   one read: one tenant, one instant, and how fresh that instant is
freshness.py  waiting for a position, and telling how far behind each read model is
pages.py      cursors that stay where they are while rows come and go
problems.py   every way to say no
orders.py, groups.py, refunds.py, ledger.py, ...   one file for each thing that is asked about
live/         the same as it happens: feeds of server-sent events
"""
