"""Atomic file writes, and output streams that may be closed."""
