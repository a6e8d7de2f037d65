"""Primitives such as users define; the text of this module heads a printed test that needs it."""

from autograd import PRIMITIVES, define

if "fuzz_cube" not in PRIMITIVES:
    define("fuzz_cube", lambda x: x * x * x, lambda out, x: 3.0 * x * x)
    define("fuzz_blend", lambda x, y: x * y + x, lambda out, x, y: y + 1.0, lambda out, x, y: x)
    define("fuzz_squares", lambda *xs: sum(x * x for x in xs), variadic=lambda out, *xs: [2.0 * x for x in xs])
