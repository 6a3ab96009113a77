"""Runs the processes of `commands.processes`: their to-do lists in Postgres, and the worker that clears them."""
