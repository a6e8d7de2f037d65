"""Expressions that users type: parsed over a whitelist of syntax, never passed to `eval`."""
