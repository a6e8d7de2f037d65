"""Files that are written whole or not at all, and streams whose reader may have gone."""
