"""Alipay: how its bills are read. Nothing here calls it yet."""
