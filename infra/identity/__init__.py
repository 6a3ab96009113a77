"""Tokens and keys: how `domain.identity.TokenVerifier` is fulfilled.

`verifier.py` is the way in: it remembers what it verified until that expires or is revoked. `jwt.py` reads
people's tokens with the pinned issuer's keys from `issuer_keys.py`; `api_keys.py` are machines' keys,
`service_tokens.py` those of our own processes, `tickets.py` what a browser shows instead of a token;
`register.py` knows the tenants and who may no longer come in.
"""
