"""The outside parties of customers, one folder each."""
