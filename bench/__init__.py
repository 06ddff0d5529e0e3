"""Measures the house against floors taken in the same run: `python -m bench`, one JSON line a figure."""
