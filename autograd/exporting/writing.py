"""Lines of generated code: statements, loops, tables of constants, and what they call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from autograd.compiler.llvm.rows import FUNCTIONS
from autograd.exporting.fast import FAST
from autograd.exporting.language import Language, comment

INDENT = "    "


class Lines:
    """The body of a function that is being written; tables and names of functions are those of the whole file."""

    def __init__(self, language: Language, file: File) -> None:
        self.language, self.file = language, file
        self.lines: list[str] = []
        self._depth = 1
        self._indices = 0

    def add(self, line: str) -> None:
        """A line, or an empty one."""
        self.lines.append(f"{INDENT * self._depth}{line}" if line else "")

    def say(self, text: str) -> None:
        """A comment on a line of its own."""
        self.add(f"/* {comment(text)} */")

    def constant(self, name: str, expression: str) -> None:
        """The declaration of a number that does not change."""
        self.add(f"{self.language.constant} {name} = {expression};")

    def variable(self, name: str, expression: str) -> None:
        """The declaration of a number that changes."""
        self.add(f"{self.language.variable} {name} = {expression};")

    @contextmanager
    def loop(self, count: int | str, name: str = "", step: int = 1) -> Iterator[str]:
        """Repeat what the block writes for 0, `step`, … below `count`; gives the name of the index.

        What is done once is a block, and its index is 0.
        """
        if count == 1 and not name:
            with self.block():
                yield "0"
            return
        self._indices += not name
        index = name or f"i{self._indices}"
        more = f"{index}++" if step == 1 else f"{index} += {step}"
        kind = "size_t" if isinstance(count, str) and self.language.name == "C" else self.language.index
        self.add(f"for ({kind} {index} = 0; {index} < {count}; {more}) {{")
        self._depth += 1
        yield index
        self._depth -= 1
        self.add("}")

    @contextmanager
    def block(self) -> Iterator[None]:
        """Braces around what the block writes."""
        self.add("{")
        self._depth += 1
        yield
        self._depth -= 1
        self.add("}")


class File:
    """What the functions of a file share: tables, the formulas of rows, and which of them are called."""

    def __init__(self, language: Language, exact: bool = True) -> None:
        self.language = language
        self.formulas = FUNCTIONS if exact else FAST
        self.called: dict[str, None] = {}  # rows
        self.used: dict[str, None] = {}  # functions of the language that need a helper
        self._tables: dict[tuple[str, ...], str] = {}
        self.declared: list[str] = []

    def table(self, numbers: Sequence[float] | Sequence[int]) -> str:
        """The name of an array of constants or indices, equal ones once."""
        key = tuple(map(repr, numbers))
        if key not in self._tables:
            name = self._tables[key] = f"table{len(self._tables) + 1}"
            self.declared += self.language.table(name, numbers)
        return self._tables[key]
