"""The write API: commands over HTTP, checked at the edge so that the engine sees only what it can keep.

`app.py` puts it together. `door.py` lets a caller in, `wire.py` turns bytes into a command, `commands.py` is
the hot route; `payments.py` and `notifications.py` are where a payment channel takes part. `http.py` is the
thin ASGI underneath, `problems.py` every way to say no, `openapi.py` the document clients are made from.
"""
