"""What finance downloads: reports with columns typed once, each in every format, every sum explained.

`columns.py` is what a report is made of, one file a format writes it, `catalogue.py` lists the reports,
`produce.py` streams one out of a snapshot, and `routes.py` is the door. A writer knows nothing of databases.
"""
