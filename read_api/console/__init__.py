"""The operator console: a client of the public API, with no rule and no database of its own.

app.py        puts it together           gate.py      nobody without a session gets past it
sessions.py   who is signed in           login.py     signing in and out
api.py        asking the public API      view.py      one page as one person sees it
frame.py      header, help, keyboard     texts.py     every word, Chinese and English
dashboard.py, order.py, refunds.py, closing.py, funds.py, streams.py, system.py   one file a page
explained.py  where a number is from     downloads.py  files handed on
"""
