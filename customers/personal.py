"""What this app holds about people, field by field."""
