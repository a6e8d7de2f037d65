"""Programs as bytes, and back: a JSON header, then the arrays that it refers to. Nothing is unpickled.

    content ::= length header array*        the length of the header in 8 bytes
    header  ::= {"arrays": [[dtype, shape], …], "data": …}

In the data, tuples are lists, and {"array": i}, {"row": name}, {"Step": fields} and the like stand for what JSON does
not have.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from autograd import rules
from autograd._numpy import NDArray, np
from autograd.compiler.program import Equation, Guard, Program
from autograd.compiler.program import check as check_program
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.program import check as check_vectors
from autograd.compiler.vector.steps import Array, Operand, Step
from autograd.primitive import Primitive

OWN_ROWS = {each.name: each for each in vars(rules).values() if isinstance(each, Primitive)}
"""The rows of the table that belong to this package: what users define may change from process to process."""
CLASSES: Mapping[str, type] = {each.__name__: each for each in (VectorProgram, Step, Operand, Array)}
# A vector program has the scalar one for its inputs, which the reader has too; places and adjoints are for building it.
LEFT_OUT = {"program", "places", "adjoints", "equations"}
TYPES = ("<i4", "<i8", "<f8", "|b1")
_PLAIN = (type(None), bool, int, str)


def to_bytes(data: Mapping[str, Any]) -> bytes:
    """Numbers, texts and programs by name as bytes.

    TypeError for what cannot be written so that it comes back the same, such as a row of the user's.
    """
    writer = _Writer()
    plain = {name: writer.plain(each) for name, each in data.items()}
    layout = [[each.dtype.str, each.shape] for each in writer.arrays]
    header = json.dumps({"arrays": layout, "data": plain}, separators=(",", ":")).encode()
    return b"".join([len(header).to_bytes(8, "little"), header, *[each.tobytes() for each in writer.arrays]])


def from_bytes(content: bytes, program: Program) -> dict[str, Any]:
    """What was written, with `program` for the inputs of vector programs; all programs are checked.

    Exceptions of many kinds, CompileError among them, if that is not what `to_bytes` writes.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    arrays = []
    for kind, shape in header["arrays"]:
        if kind not in TYPES:
            raise ValueError(f"unknown numbers {kind!r}")
        arrays.append(np.frombuffer(content, kind, math.prod(shape), end).reshape(shape))
        end += arrays[-1].nbytes
    if end != len(content):
        raise ValueError("more numbers than the header says")
    reader = _Reader(arrays, program)
    return {name: reader.made(each) for name, each in header["data"].items()}


class _Writer:
    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []

    def plain(self, x: Any) -> Any:
        """What JSON can hold, with arrays put aside."""
        if type(x) in _PLAIN:
            return x
        if type(x) is float:
            return {"nan": self._put(np.array(x))} if math.isnan(x) else x  # whose bits JSON would lose
        if type(x) in (tuple, Guard):
            return [self.plain(each) for each in x]
        if type(x) is np.float64:
            return {"number": self._put(np.array(x))}
        if isinstance(x, np.ndarray):
            return {"array": self._put(x)}
        if isinstance(x, Primitive) and OWN_ROWS.get(x.name) is x:
            return {"row": x.name}
        if type(x) is Program:
            return {"Program": self._program(x)}
        if CLASSES.get(type(x).__name__) is type(x):
            return {type(x).__name__: self._fields(x)}
        raise TypeError(f"{x!r} cannot be written")

    def _fields(self, x: Any) -> dict[str, Any]:
        return {each.name: self.plain(getattr(x, each.name)) for each in fields(x) if each.name not in LEFT_OUT}

    def _put(self, array: NDArray[Any]) -> int:
        kind = "<f8" if array.dtype == np.float64 else array.dtype.str
        if array.dtype.kind == "i":
            small = not array.size or max(abs(int(array.min())), abs(int(array.max()))) < 2**31
            kind = "<i4" if small else "<i8"
        if kind not in TYPES:
            raise TypeError(f"numbers of type {array.dtype} cannot be written")
        self.arrays.append(np.ascontiguousarray(array, kind).reshape(array.shape))
        return len(self.arrays) - 1

    def _program(self, program: Program) -> dict[str, Any]:
        rows = list(dict.fromkeys(row for row, _ in program.equations))
        number = {row: i for i, row in enumerate(rows)}
        atoms = [atom for _, operands in program.equations for atom in operands]
        packed = [
            np.array([number[row] for row, _ in program.equations], np.int64),
            np.array([len(operands) for _, operands in program.equations], np.int64),
            np.array(atoms, np.float64),
            np.array([type(atom) is float for atom in atoms], np.bool_),
        ]
        return self._fields(program) | {
            "rows": self.plain(tuple(rows)),
            "equations": [self._put(each) for each in packed],
        }


class _Reader:
    def __init__(self, arrays: Sequence[NDArray[Any]], program: Program) -> None:
        self.arrays = arrays
        self.program = program

    def made(self, x: Any) -> Any:
        """What `plain` was given."""
        if type(x) in _PLAIN or type(x) is float:
            return x
        if type(x) is list:
            return tuple([self.made(each) for each in x])
        ((kind, content),) = x.items()
        if kind == "array":
            found = self.arrays[content]
            return found.astype(np.intp) if found.dtype.kind == "i" else found.copy()
        if kind in ("number", "nan"):
            number = self.arrays[content][()]
            return number if kind == "number" else float(number)
        if kind == "row":
            return OWN_ROWS[content]
        if kind == "Program":
            return check_program(self._program(content))
        named = {name: self.made(each) for name, each in content.items()}
        if kind == "VectorProgram":
            return check_vectors(VectorProgram(program=self.program, **named))
        return CLASSES[kind](**named)

    def _program(self, content: Mapping[str, Any]) -> Program:
        packed = [self.arrays[each].tolist() for each in content["equations"]]
        numbers, counts, atoms, constant = packed
        rows = self.made(content["rows"])
        operands = iter([x if fixed else int(x) for x, fixed in zip(atoms, constant, strict=True)])
        equations = [
            Equation(rows[number], tuple([next(operands) for _ in range(count)]))
            for number, count in zip(numbers, counts, strict=True)
        ]
        named = {name: self.made(each) for name, each in content.items() if name not in ("rows", "equations")}
        named["guards"] = tuple([Guard(*each) for each in named["guards"]])
        return Program(equations=tuple(equations), **named)
