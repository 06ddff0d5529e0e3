"""Outside parties of compliance, one folder each."""
