"""What the page asks of the worker: requests and answers as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from autograd._lazy import lazy_call
from autograd.errors import AutogradError
from autograd.playground.moments import Moments
from autograd.playground.program import Run, run_program

# Imported when they are asked for: the first picture does not wait for them.
_check_gradients = lazy_call("autograd.check.gradients", "check_gradients")
_derivation = lazy_call("autograd.derivations.derive", "derivation")

NOTHING = "The program has made no Value yet: there is nothing to show."


class Session:
    """One program after another, and what is asked about the graph of the last one.

    >>> session = Session()
    >>> request = {"do": "run", "program": "from autograd import Value\\nValue(2.0) * 3.0"}
    >>> answer = json.loads(session.answer(json.dumps(request)))
    >>> answer["failure"], answer["products"], answer["svg"][:4]
    (None, 1, '<svg')
    >>> json.loads(session.answer('{"do": "moment", "index": 1}'))["place"]
    {'line': 2, 'column': 0, 'endLine': 2, 'endColumn': 16}
    """

    def __init__(self) -> None:
        self._run = Run()
        self._moments: Moments | None = None
        self._answers: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "run": self._run_program,
            "moment": self._moment,
            "check": self._check,
            "derive": self._derive,
        }

    def answer(self, request: str) -> str:
        """The answer to a request, which names what it wants in `do`; an error of the engine is part of the answer."""
        asked = json.loads(request)
        try:
            found = self._answers[asked["do"]](asked)
        except (AutogradError, ArithmeticError, ValueError, TypeError, ImportError, RecursionError) as error:
            found = {"refusal": f"{type(error).__name__}: {error}"}
        return json.dumps(found, allow_nan=False)

    def _run_program(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self._moments = None
        run = self._run = run_program(asked["program"])
        failure = asdict(run.failure) if run.failure else None
        answer: dict[str, Any] = {"output": run.output, "failure": failure, "products": 0, "svg": "", "values": []}
        if run.root is not None:
            self._moments = Moments(run.root, run.variables)
            answer |= {"products": len(self._moments), **self._moments.now()}
        return answer

    def _moment(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if self._moments is None:
            return {"refusal": NOTHING}
        index = asked["index"]
        return self._moments.now() if index is None else self._moments.at(index)

    def _check(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if self._run.root is None or self._moments is None:
            return {"refusal": NOTHING}
        with self._moments.named_leaves():
            report = _check_gradients(self._run.root, raise_on_failure=False)
        return {"verdict": report.verdict, "text": str(report)}

    def _derive(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if self._run.root is None:
            return {"refusal": NOTHING}
        return {"mathml": _derivation(self._run.root, asked["level"]).mathml}
