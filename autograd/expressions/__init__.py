"""Expressions that users type: parsed over a whitelist of syntax, and compiled to functions without `eval`."""
