"""The benchmark: ``python -m tests.benchmark`` runs this project and its peers side by side.

Each row of :data:`tests.benchmark.workloads.WORKLOADS` first proves that both sides computed the same loss and
gradients, then measures them in turns (A B A B ...) in one process, so that both meet the same noise.
"""
