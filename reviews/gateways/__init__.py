"""Outside parties of reviews."""
