"""Plays one consumer's purchase across the border over HTTP, the unhappy turns included, and reports it."""
