"""``python -m tests.benchmark gradbench``: the twelve evals of GradBench, in plain scalar Python, compiled.

Each module holds the functions of one eval as a user would write them, the `FUNCTIONS` that GradBench asks for by
name, `generate(**size)` for inputs as its generators make them, and `SIZES`: small, middle and large.
"""

EVALS = ("ba", "det", "gmm", "hello", "ht", "kmeans", "llsq", "lse", "lstm", "ode", "particle", "saddle")
