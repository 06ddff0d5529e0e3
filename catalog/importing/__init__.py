"""A table of products, read from CSV or XLSX, is checked whole and then written whole, or not at all."""
