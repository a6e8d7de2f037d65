"""Training in one process: `fit`, losses, optimizers, metrics and the history of a run."""
