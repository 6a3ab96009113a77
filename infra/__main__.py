"""`python -m infra` is `tuan`."""

from infra.cli import app

app(prog_name="tuan")
