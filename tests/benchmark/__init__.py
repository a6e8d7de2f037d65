"""The benchmark: ``python -m tests.benchmark`` runs this project and its peers side by side.

    workloads.py   the engine, eager, against one peer each
    compiling/     ``compile``: compiled programs against what a good engineer would use instead
    names_gpt.py   ``names``: a GPT in plain scalar code that learns names, compiled
    gradbench/     ``gradbench``: the twelve evals of GradBench, compiled, beside PyTorch, JAX, CasADi and NumPy
    explorer.py    ``explore``: the page of a GPT of 60 000 values, written and opened in Chromium
    checkers.py    ``checkers``: gradient checkers, and what they let pass

Each row first proves that all sides computed the same value and gradient, then measures them in turns (A B A B ...) in
one process, so that all meet the same noise.
"""
