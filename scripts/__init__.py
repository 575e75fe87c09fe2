"""Developers' measurements: speed, peers, engine parity and held-out mazes. The top floor: no room imports it."""
