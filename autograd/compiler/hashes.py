"""Hashes of many things at once, for what is then compared."""

from __future__ import annotations

from autograd._numpy import NDArray, np

Hashes = NDArray[np.uint64]

_MIXERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD)


def mixed(left: Hashes, right: NDArray[np.integer]) -> Hashes:
    """Hashes of pairs. A collision costs time only: what is found is compared."""
    first, second, third = map(np.uint64, _MIXERS)
    made = (left ^ (left >> np.uint64(29))) * first + right.astype(np.uint64) * second
    found: Hashes = (made ^ (made >> np.uint64(32))) * third
    return found
