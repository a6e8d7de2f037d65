"""How many examples a property draws, where it needs another number than most."""

from __future__ import annotations

from hypothesis import settings

USUAL = 60  # what the numbers that tests ask for are measured by
FEWEST = 5


def examples(count: int) -> settings:
    """Draw `count` examples where a property of its own accord draws 60: fewer in a profile that draws fewer."""
    assert settings.default is not None
    return settings(max_examples=max(min(count, FEWEST), count * settings.default.max_examples // USUAL))
