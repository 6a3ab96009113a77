"""A seeded world of shoppers that plays through the public HTTP API, and the judge of what came of it.

Read in this order. What will happen, pure: `dice.py`, `recorded.py` (who grouped with whom: real or made up),
`people.py` and `goods.py` (what the record does not say, derived from its ids), `plan.py`. Doing it:
`client.py` (one HTTP call that survives kill -9), `seen.py` (what was answered), `shop.py` (the API in a
shopper's words), `wallet.py`, `catalogue.py`, `shoppers.py`, `pranks.py`, `day.py`. Judging it:
`story.py` and `invariants.py` (pure), `evidence.py`, `judge.py`, `report.py`. Around it: `platform.py`
(a private platform), `processes.py` (who runs there), `killer.py` (kill -9 while the load runs).
"""
