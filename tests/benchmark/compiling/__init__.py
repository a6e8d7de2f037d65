"""``python -m tests.benchmark compile``: compiled scalar programs beside what a good engineer would use instead.

    race.py        sides that compute the same, each proven right, measured in turns; goals
    survey.py      figures that have no rival: time to compile, number of vector equations
    ours.py        a scalar function as a user hands it to `autograd.compile`, with each back end
    network.py     multi-layer perceptrons, and the step by hand in NumPy
    frameworks.py  the same step with PyTorch, JAX, CasADi and micrograd
    points.py      Rosenbrock's function and a pendulum: one point at a time
    sequences.py   an ODE and log-sum-exp
    lstm.py        an LSTM over characters
    documents.py   the scalar GPT, one document and a batch
    rows.py        the workloads and their goals, as data

Everything runs on one thread but JAX, which has threads of its own. Inputs and results are float64 arrays on all sides.
"""
