"""Proof for outsiders: Merkle trees over the logs, signed anchors, checks of everything stored, evidence packs.

A leaf of a tree is the stored chain hash of one event (or command): it covers all that is stored of it and, by
the chain, everything before it, so one leaf stands for its whole past and gives nothing of it away.
"""
