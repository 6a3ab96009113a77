"""Bills of channels: read strictly, kept for ever.

`reading.py` is what every format has in common, `formats.py` finds the reader of a bill, `store.py` keeps the
files. The formats themselves stand beside their channels.
"""
