"""Write code as functions of LLVM's intermediate representation, each of moderate length.

Values have numbers for names, as LLVM gives them itself: that makes parsing a third faster.
"""

from __future__ import annotations

from collections.abc import Iterator

from autograd.compiler.llvm.code import FOLLOWS, Code, constant
from autograd.compiler.llvm.frame import Plan

NEAR = 40  # operations after which a value in the frame is loaded again rather than kept in a register


def functions(prefix: str, code: Code, plan: Plan) -> Iterator[str]:
    """The functions `prefix`0, `prefix`1, … on a frame, one for each chunk of the plan."""
    for chunk, (begin, end) in enumerate(zip(plan.chunks, plan.chunks[1:], strict=False)):
        lines = _Chunk(code, plan, begin).lines(end)
        yield "\n".join([f"define void @{prefix}{chunk}(ptr %f) {{", *lines, "ret void", "}", ""])


class _Chunk:
    """The lines of one function.

    Library functions are called by pointers that are loaded once: FastISel, which makes level 0 fast, knows no calls
    by name in the code model of a JIT compiler, and hands each of them on at ten times the price.
    """

    def __init__(self, code: Code, plan: Plan, begin: int) -> None:
        self.code, self.plan, self.begin = code, plan, begin
        self.type = code.kind.type
        self._at = f"getelementptr {self.type}, ptr %f, i64"
        self._pointers: list[str] = []
        self._texts: dict[str, str] = {}  # of operations, as they are written here
        self._lines: list[str] = []
        self._names: list[str] = []  # of the operations from `begin` on
        self._loaded: dict[int, tuple[str, int]] = {}
        self._count = 1  # 0 is the block

    def lines(self, end: int) -> list[str]:
        """The instructions of the operations up to `end`."""
        lines, names, begin = self._lines, self._names, self.begin
        homes, sums = self.plan.homes, self.plan.sums
        texts, known, word = self.code.texts, self._texts, self._word
        for i, operands in enumerate(self.code.operands[begin:end], begin):
            text = texts[i]
            if text is not FOLLOWS:
                words = [names[x - begin] if type(x) is int and x >= begin else word(x, i) for x in operands]
                line = (known.get(text) or self._known(text)) % tuple(words)
                if i + 1 < end and texts[i + 1] is FOLLOWS:
                    self._pair(line)
                else:
                    name = f"%{self._count}"
                    self._count += 1
                    names.append(name)
                    lines.append(f"{name} = {line}")
            if i in homes or i in sums:
                self._store(i)
        return [*self._pointers, *lines]

    def _known(self, text: str) -> str:
        """The text of an operation, which calls by a pointer if it is a call."""
        before, at, call = text.partition("@")
        if at:
            symbol = call.partition("(")[0]
            self._pointers += [
                f"%{symbol}.at = alloca ptr",
                f"store ptr @{symbol}, ptr %{symbol}.at",
                f"%{symbol} = load ptr, ptr %{symbol}.at",
            ]
        return self._texts.setdefault(text, f"{before}%%{call}" if at else text)

    def _do(self, text: str) -> str:
        name = f"%{self._count}"
        self._count += 1
        self._lines.append(f"{name} = {text}")
        return name

    def _pair(self, text: str) -> None:
        whole = self._do(text)
        self._names += [self._do(f"extractvalue {{{self.type}, {self.type}}} {whole}, {k}") for k in (0, 1)]

    def _word(self, atom: int | float, now: int) -> str:
        """The name of a value that is in the frame, or a constant."""
        if type(atom) is float:
            if self.code.kind.lanes == 1:
                return constant(atom, self.code.kind)
            return self._load(self.plan.constant(atom))
        place = int(atom)
        slot = self.plan.homes[place][0] if place >= 0 else -1 - place
        name, since = self._loaded.get(place, ("", 0))
        if not name or now - since > NEAR:
            name = self._load(slot)
        self._loaded[place] = name, now
        return name

    def _load(self, slot: int) -> str:
        return self._do(f"load {self.type}, ptr {self._address(slot)}")

    def _address(self, slot: int) -> str:
        return self._do(f"{self._at} {slot * self.plan.stride}")

    def _store(self, operation: int) -> None:
        """To the slots that get the value of an operation, and to those it is added to."""
        value = self._names[operation - self.begin]
        for slot in self.plan.homes.get(operation, ()):
            self._lines.append(f"store {self.type} {value}, ptr {self._address(slot)}")
        for slot in self.plan.sums.get(operation, ()):
            address = self._address(slot)
            sum_ = self._do(f"fadd {self.type} {self._do(f'load {self.type}, ptr {address}')}, {value}")
            self._lines.append(f"store {self.type} {sum_}, ptr {address}")
