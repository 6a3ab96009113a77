"""Reconciliation at work: an oracle that judges the matcher, and the parts that run it over real bills.

oracle.py       one seeded bill date, both sides of it, and what must be found; shares no code with the matcher
injections.py   every way in which the two sides are made to differ
judge.py        the matcher's findings against the oracle's, by code
"""
