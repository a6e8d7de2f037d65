"""The compiler: a Python function of numbers is recorded once and from then on runs as vector or machine code.

    arguments.py       arguments as flat numbers: nested lists, tuples, dicts and arrays of any library; those of a call
                       together in call_arguments.py
    inputs.py          the input vector, with the numbers of the parameters, which are read at each call
    traced.py          the Values that a recorded function computes with; refusal.py: what they refuse
    record.py          run f once on Values that notice what would go wrong, and keep every node     -> a recording
    questions.py       what f asks of its numbers: guards, or refused with the remedy
    shifts.py          `max(v.data …)`, the shift of a hand-written softmax, as one number of the program
    determinism.py     call it twice, and refuse what differs
    replay.py          the second call, on the nodes of the first
    captures.py        what f reads besides its arguments, found by reachable.py and compared by watched.py
    program.py         single assignment: inputs, equations, guards, outputs; its grammar and checker
    columns.py         the equations of a large program as arrays; sharing.py: equal ones in them
    passes.py          fold constants, share equal equations, drop dead ones; not a bit changes
    gates.py           derivatives where samples take different branches: both are kept, and a gate chooses
                       (written_gates.py: in a program that is being written)
    inner.py           derivatives that f itself takes, by the same rules
    lower.py           all of these: a function comes in, a program goes out
    differentiate.py   the engine's chain rule, its rules applied to symbols: more equations (python, exact programs)
    symbols.py         numbers of the program that rules are applied to, and the writer of their equations
    pushed.py          forward mode: a program with the tangents of its outputs
    latex/             programs as formulas: on arrays, on numbers, and loops as recurrences
    compressed.py      sparse Jacobians and Hessians: their patterns, and programs that compute the entries alone
    kinds.py           the kinds of derivatives; derived.py: what is recorded for Jacobians, Hessians and per-sample
                       gradients; directions.py: the same for jvp, vjp and hvp
    reassociate.py     chains of additions become dots: a neuron is one equation again, however it was spelt
    vector/            equations of one kind at once: loops and matrix products recovered, then differentiated
    loops/             loops over time: equations that repeat one after the other, as a body and a count
    forms.py           a program in the forms that back ends start from, each made once
    python.py          back end: a program as straight-line Python
    numpy_backend/     back end: a vector program as readable NumPy
    llvm/              back end: a program as machine code, on vectors of samples
    backends.py        the back ends by name, and the choice between them
    bounds.py          what two orders of a sum may differ by in any case
    perturbed.py       runs with random errors: what roundings may do to a number
    points.py          the recorded point, and others near it
    verify.py          does it compute what was recorded?
    cache/             programs and object code on disk, for later processes
    keeper.py          what one recording has there
    specialization.py  one recording, built for a back end and verified
    variants.py        the recordings of a function: found by structure and guards, made when one is missing
    given.py           what a program runs on: arguments, parameters, tangents or cotangents
    taylor.py          Taylor coefficients of a recorded program, as another program
    results.py         outputs in the structure that the caller gets
    advice.py          why a function is recorded again and again, and the remedy
    asked.py           by which arguments, and along which tangents, a derivative is asked for
    directional.py     jvp, taylor, vjp and hvp of a compiled function
    derivatives.py     jacobian, hessian, map_grad and map_jacobian
    inspected.py       its program, source and explanation, and files of other languages
    compiled.py        `autograd.compile` and what it returns
    flat.py            the same on one flat vector, as optimisers want it

Eager Values stay the reference: a compiled function computes the same or says why it cannot be compiled.
"""
