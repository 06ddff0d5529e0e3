"""The verbs of the catalogue, one module each."""
