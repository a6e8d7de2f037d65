"""Atomic file writes, streams whose reader may have gone, and counts in messages."""
