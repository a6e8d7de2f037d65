"""Write functions of LLVM's intermediate representation: instructions, loops, early returns.

Values and blocks get numbered names, so a loop within a loop needs no names of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.objects import HEAD


class FunctionText:
    """A function without a result that is being written; `str()` is its text.

    >>> f = FunctionText(Kind(4), "clear", "ptr %x, i64 %count")
    >>> with f.loop("%count") as i:
    ...     f.store("double", "0.0", "%x", i)
    >>> print(f)
    define internal void @clear(ptr %x, i64 %count) {
    entry:
    br label %loop1
    loop1:
    %n2 = phi i64 [0, %entry], [%n4, %loop1]
    %n3 = getelementptr double, ptr %x, i64 %n2
    store double 0.0, ptr %n3
    %n4 = add i64 %n2, 1
    %n6 = icmp slt i64 %n4, %count
    br i1 %n6, label %loop1, label %rest5
    rest5:
    br label %done
    done:
    ret void
    }
    <BLANKLINE>
    """

    def __init__(self, kind: Kind, name: str, arguments: str, linkage: str = "internal ") -> None:
        self.kind = kind
        self.head = f"define {linkage}void @{name}({arguments}) {{"
        self.lines = ["entry:"]
        self._block = "entry"  # the one that is being written
        self._count = 0
        self._outside = ""  # the block before the loop that was begun last
        self._next: dict[str, str] = {}  # for each value that a loop carries, that of the next round

    def __str__(self) -> str:
        return "\n".join([self.head, *self.lines, "br label %done", "done:", "ret void", "}", ""])

    def add(self, line: str) -> None:
        """An instruction without a value."""
        self.lines.append(line)

    def do(self, instruction: str) -> str:
        """An instruction; the name of its value."""
        name = f"%{self._new('n')}"
        self.lines.append(f"{name} = {instruction}")
        return name

    def at(self, of: str, pointer: str, index: str | int) -> str:
        """The address of an element."""
        return self.do(f"getelementptr {of}, ptr {pointer}, i64 {index}")

    def load(self, of: str, pointer: str, index: str | int) -> str:
        """An element."""
        return self.do(f"load {of}, ptr {self.at(of, pointer, index)}")

    def given(self, of: str, pointer: str, index: str | int) -> str:
        """An element of what does not change while a kernel runs: it is read outside of loops that ask for it again."""
        return self.do(f"load {of}, ptr {self.at(of, pointer, index)}, !invariant.load !{{}}")

    def store(self, of: str, value: str, pointer: str, index: str | int) -> None:
        """Write an element."""
        self.add(f"store {of} {value}, ptr {self.at(of, pointer, index)}")

    def numbers(self, array: str) -> str:
        """The address of the numbers of an array, which is given as its `id` in Python."""
        return self.do(f"load ptr, ptr {self.at('i8', array, HEAD)}")

    def splat(self, x: str) -> str:
        """A number in all lanes of a vector."""
        return self.spread(self.kind.number, x, self.kind.lanes)

    def spread(self, of: str, x: str, lanes: int) -> str:
        """A number of any type in all lanes of a vector."""
        whole = f"<{lanes} x {of}>"
        one = self.do(f"insertelement {whole} poison, {of} {x}, i32 0")
        return self.do(f"shufflevector {whole} {one}, {whole} poison, <{lanes} x i32> zeroinitializer")

    def sum_of_lanes(self, vector: str) -> str:
        """The sum of a vector's lanes, in any order, as a double."""
        kind = self.kind
        of = kind.number
        sum_ = self.do(f"call reassoc {of} @llvm.vector.reduce.fadd.{kind.suffix}({of} -0.0, {kind.type} {vector})")
        return self.do(f"call double @wide({of} {sum_})")

    def return_if(self, condition: str) -> None:
        """Return where the condition, an `icmp`, holds."""
        rest = self._new("rest")
        self.add(f"br i1 {self.do(condition)}, label %done, label %{rest}")
        self._begin(rest)

    def unless(self, flag: str, of: str, values: Sequence[str], others: Callable[[], Sequence[str]]) -> list[str]:
        """The values where the flag, one bit, is set, else what `others` writes the instructions for."""
        before, slow, rest = self._block, self._new("slow"), self._new("rest")
        self.add(f"br i1 {flag}, label %{rest}, label %{slow}")
        self._begin(slow)
        found = others()
        slow = self._block
        self.add(f"br label %{rest}")
        self._begin(rest)
        return [
            self.do(f"phi {of} [{value}, %{before}], [{other}, %{slow}]")
            for value, other in zip(values, found, strict=True)
        ]

    @contextmanager
    def loop(self, end: str, begin: str | int = 0) -> Iterator[str]:
        """Repeat what the block writes for begin, begin + 1, …, end − 1, at least once; gives the name of the index."""
        head, self._outside = self._new("loop"), self._block
        self.add(f"br label %{head}")
        self._begin(head)
        first = len(self.lines)
        index = self.carry("i64", begin)
        yield index
        if index not in self._next:
            self.pass_on(index, self.do(f"add i64 {index}, 1"))
        for place in range(first, len(self.lines)):
            name, _, phi = self.lines[place].partition(" = phi ")
            if not phi:
                break
            self.lines[place] = f"{name} = phi {phi}, [{self._next[name]}, %{self._block}]"
        rest = self._new("rest")
        self.add(f"br i1 {self.do(f'icmp slt i64 {self._next[index]}, {end}')}, label %{head}, label %{rest}")
        self._begin(rest)

    def carry(self, of: str, first: str | int) -> str:
        """A value that is `first` in the first round of a loop, to be asked for before anything else is written."""
        return self.do(f"phi {of} [{first}, %{self._outside}]")

    def pass_on(self, carried: str, value: str) -> None:
        """What a carried value, or the index, is in the next round."""
        self._next[carried] = value

    def _begin(self, block: str) -> None:
        self.lines.append(f"{block}:")
        self._block = block

    def _new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"
