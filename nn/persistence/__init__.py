"""JSON files that are read back bit for bit, or rejected with the invalid field."""
