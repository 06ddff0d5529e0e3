"""Plays WeChat over HTTP in a process of its own, with keys of its own, and knows nothing of the product."""
