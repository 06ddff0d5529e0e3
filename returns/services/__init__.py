"""What becomes of a return: one module a verb."""
