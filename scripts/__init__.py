"""Developers' measurements: speed, peers, engine parity and held-out mazes. No other package imports this one."""
