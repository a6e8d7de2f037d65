"""What a compiled function has recorded: its program, its source, an explanation, and files of other languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from autograd._lazy import lazy_call
from autograd._numpy import need_numpy
from autograd.compiler.derivatives import Derivatives
from autograd.compiler.explain import explanation
from autograd.compiler.latex import latex_of
from autograd.compiler.options import Backend
from autograd.compiler.program import Program
from autograd.compiler.specialization import unguarded_forms_of

_export = lazy_call("autograd.exporting.export", "export")


class Inspected(Derivatives):
    """What ran last can be looked at, and written as a file."""

    @property
    def program(self) -> Program:
        """The program that ran last; CompileError before the first call.

        >>> from autograd import compile
        >>> area = compile(lambda x, y: x * y)
        >>> area(2.0, 3.0)
        6.0
        >>> print(area.program)
        program(x, y):
            t2 = mul(x, y)
            return t2
        """
        return self._ran().lowered.program

    @property
    def source(self) -> str:
        """The source of what ran last: Python, or with llvm its assembly language; CompileError before the first call.

        >>> from autograd import compile
        >>> area = compile(lambda x, y: x * y + x)
        >>> area(2.0, 3.0)
        8.0
        >>> print(area.source)
        def program(inputs):
            x, y = inputs
            t2 = x * y
            t3 = t2 + x
            return [t3]
        <BLANKLINE>
        """
        return self._ran().source

    @property
    def latex(self) -> str:
        r"""The equations of what ran last in LaTeX: on arrays, or with loops over time as recurrences.

        >>> from autograd import compile
        >>> area = compile(lambda x, y: x * y + x)
        >>> area(2.0, 3.0)
        8.0
        >>> print(area.latex)
        \begin{aligned}
        f & = x \cdot y + x
        \end{aligned}

        It is the program before the back end: sums may be added up in another order. CompileError before the first
        call.
        """
        ran = self._ran()
        need_numpy("the LaTeX of a compiled function")
        return latex_of(unguarded_forms_of(ran.lowered, ran.options.exact), ran.lowered)

    @property
    def backend(self) -> Backend:
        """The name of the back end of what ran last; CompileError before the first call.

        >>> from autograd import compile
        >>> area = compile(lambda x, y: x * y)
        >>> area(2.0, 3.0), area.backend
        (6.0, 'python')
        """
        return self._ran().name  # type: ignore[return-value]

    def explain(self) -> str:
        """What was recorded and how it runs, in words; CompileError before the first call.

        >>> from autograd import compile
        >>> area = compile(lambda x, y: x * y)
        >>> area(2.0, 3.0)
        6.0
        >>> print(area.explain())
        back end: python (...)
        recordings: 1
        program that ran last: 2 inputs, 1 equation (1 mul), 0 guards, 1 output
        """
        return explanation(self._ran(), self._count, self._dropped)

    def export(
        self,
        path: str | PathLike[str],
        args: Sequence[Any] | None = None,
        *,
        functions: Sequence[str] | None = None,
        name: str | None = None,
        exact: bool | None = None,
        frozen: bool = False,
        texts: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Write the function as a file, by its suffix: .c (C99), .js (an ES module), .py (NumPy), .onnx or .tex.

        path       where; a file that is there is replaced in one step
        args       example arguments, in a tuple: their structure is that of the file's functions. None: those of the
                   last call
        functions  which: "value", "gradient" (value and gradient), "jvp", "vjp", "hvp"; None: the value, and the
                   gradient if f returns one number
        name       the beginning of names in the file; None: that of f
        exact      True for Python's order of operations, and so its bits; None: as compiled
        frozen     True for functions that do not take the parameters, but have the numbers that these are now
        texts      arrays of text that the file has too, by their names, such as those of classes

        A comment at the beginning of the file says what its functions take and give. An .onnx file (opset 19) holds the
        value, with a batch that of each sample; it needs the extra `onnx`, whose checker is run.

        >>> from autograd import compile
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     compile(lambda x, y: x * y + x).export(Path(folder, "area.c"), (2.0, 3.0), name="area")
        ...     "void area_gradient(" in Path(folder, "area.c").read_text()
        True

        CompileError for what another language cannot hold, such as a branch that was recorded for these arguments;
        then no file is written. OSError if it cannot be written.
        """
        _export(self, path, args, functions, name, exact, frozen, texts)
