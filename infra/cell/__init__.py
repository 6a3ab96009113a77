"""One cell in Postgres: the store behind the engine, its inbox, and tools to read and check its log."""
