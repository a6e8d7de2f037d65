"""JSON files that are read back bit for bit, or refused with the field at fault."""
