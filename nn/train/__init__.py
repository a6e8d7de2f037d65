"""Training in this process: losses, optimisers, metrics, the loop, and the history of a run."""
