"""The verifier that goes with every evidence pack: Python's standard library and nothing else, read in an hour.

The modules here, with `domain/merkle.py` and `commands/engine/chain.py` before them, are put one after another
into `verify.py` (`infra/evidence/assembled.py`). They therefore share one name space, and may import nothing else.
"""
