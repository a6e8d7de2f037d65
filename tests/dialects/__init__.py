"""Programs as people write them for other engines; only their import lines name this one.

They are written in those dialects on purpose: untyped, with attributes hung on Values. ``test_dialects.py`` runs each
of them twice, as it stands and with the import lines of the engine that it was written for.
"""
