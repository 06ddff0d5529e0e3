"""Fault injection: each call of money spoilt, each step's worker killed, and both sides' books compared."""
