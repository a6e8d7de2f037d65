"""What an editor shows of a stopped pass: stack, scopes, variables, and answers to expressions."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from autograd import origin
from autograd.debugging.breakpoints import PRODUCT_NAMES, attributes
from autograd.debugging.dap.pass_controller import PassController
from autograd.debugging.inspection import first_fault, path_from_root
from autograd.debugging.messages import ALL_FINITE, Messages
from autograd.drawing.formula import expression_of
from autograd.expressions.conditions import CONSTANTS, FUNCTIONS, parse_condition
from autograd.node_names import kind_of
from autograd.notation.chain_rule import partial
from autograd.value import Value

MOST = 500  # rows in one list: an editor draws all of them

Body = dict[str, Any]
Rows = Callable[[], Iterable[Body]]


class Counting(NamedTuple):
    """Where the editor starts counting lines and columns."""

    first_line: int = 1
    first_column: int = 1


class Views:
    """One moment of a pass. The numbers of frames and lists are valid until the pass moves."""

    def __init__(self, controller: PassController, counting: Counting) -> None:
        self.controller, self.counting = controller, counting
        self.walk, self.names = controller.walk, controller.names
        self.messages = Messages(controller.walk, controller.names)
        path = [self.walk.products[index].node for index in path_from_root(self.walk, controller.here)]
        self._path = [controller.here, *reversed(path)]
        self._lists: list[Rows] = []

    # --- the stack ----------------------------------------------------------------------------------------------------

    def frames(self) -> Sequence[Body]:
        """The chain rule from here to the loss, then the line that called `backward()`."""
        frames = [self._frame(place, node) for place, node in enumerate(self._path, start=1)]
        return [*frames, *self._caller(len(frames) + 1)]

    def _frame(self, id_: int, node: Value) -> Body:
        frame: Body = {"id": id_, "name": self.messages.gradient(node), "line": 0, "column": 0}
        place = origin.position(node)
        if place is None:
            return frame | {"presentationHint": "subtle"}
        frame |= {"line": place.line - 1 + self.counting.first_line, "source": _source(place.file)}
        if place.column is not None and place.end_column is not None:
            line = place.source
            frame["column"] = _utf16(line[: place.column]) + self.counting.first_column
            if place.end_line == place.line:
                frame["endLine"] = frame["line"]
                frame["endColumn"] = _utf16(line[: place.end_column]) + self.counting.first_column
        return frame

    def _caller(self, id_: int) -> Iterable[Body]:
        if self.controller.called_from is None:
            return
        code, _ = self.controller.called_from
        line, _, _, _ = origin.span(self.controller.called_from)
        yield {
            "id": id_, "name": code.co_qualname, "line": line - 1 + self.counting.first_line,
            "column": self.counting.first_column, "source": _source(code.co_filename), "presentationHint": "subtle",
        }  # fmt: skip

    def scopes(self, frame: int) -> Sequence[Body]:
        """The scopes of a frame: its value, the sum that is its gradient, what it propagates; and all values."""
        scopes = []
        if 1 <= frame <= len(self._path):
            node = self._path[frame - 1]
            scopes += [
                self._scope(self.names.of[node], lambda: self._about(node)),
                self._scope("Gradient: the sum of", lambda: self._incoming(node)),
                self._scope("Propagates", lambda: self._outgoing(node)),
            ]
        return [*scopes, self._scope("All values", self._all)]

    def _scope(self, name: str, rows: Rows) -> Body:
        return {"name": name, "variablesReference": self._reference(rows), "expensive": name == "All values"}

    # --- variables ----------------------------------------------------------------------------------------------------

    def variables(self, reference: int) -> Sequence[Body]:
        """The rows of a list; none for a number that is no longer valid."""
        if not 1 <= reference <= len(self._lists):
            return []
        rows = list(islice(self._lists[reference - 1](), MOST + 1))
        if len(rows) > MOST:
            rows[MOST:] = [_row("…", f"only {MOST} are shown; type a name into the debug console")]
        return rows

    def of_value(self, name: str, node: Value) -> Body:
        """A row for a node, which can be expanded."""
        missing = self.walk.pending(node)
        state = f"  ({missing} pending)" if missing else ""
        shown = _row(name, f"{node.data:.6g}  grad {node.grad:.6g}{state}", kind_of(node))
        shown["variablesReference"] = self._reference(lambda: self._about(node))
        if self.names.nodes.get(name) is node:
            shown["evaluateName"] = name
        return shown

    def _reference(self, rows: Rows) -> int:
        self._lists.append(rows)
        return len(self._lists)

    def _about(self, node: Value) -> Iterable[Body]:
        yield _row("data", repr(node.data), "float")
        yield _row("grad", repr(node.grad), "float")
        yield _row("op", kind_of(node), "str")
        if node.op:
            yield _row("expression", expression_of(node, self.names.of), "str")
        name = self.names.of
        for parent, local in zip(node.parents, node.partials, strict=True):
            yield _row(partial(name[node], name[parent]), repr(local), "float")

    def _incoming(self, node: Value) -> Iterable[Body]:
        if node is self.walk.root:
            yield _row("seed", "1.0", "float")
        for index in self.walk.incoming(node):
            through = self.walk.products[index].node
            yield self._product(index, f"through {self.names.of[through]}", through)

    def _outgoing(self, node: Value) -> Iterable[Body]:
        for index in self.walk.outgoing(node):
            parent = self.walk.products[index].parent
            yield self._product(index, f"to {self.names.of[parent]}", parent)

    def _product(self, index: int, name: str, other: Value) -> Body:
        """`[3] through d`: `-3 × 1 = -3`."""
        pending = "  (pending)" if self.walk.contribution(index) is None else ""
        row = _row(f"[{index + 1}] {name}", f"{self.messages.contribution(index)}{pending}", "float")
        row["variablesReference"] = self._reference(lambda: self._about(other))
        return row

    def _all(self) -> Iterable[Body]:
        return (self.of_value(name, node) for name, node in self.names.nodes.items())

    # --- expressions --------------------------------------------------------------------------------------------------

    def evaluate(self, text: str) -> Body:
        """The value of an expression, in the language of conditions; ConditionError for any other text."""
        environment = self._environment()
        result = parse_condition(text, environment, attributes(self.names)).evaluate(environment)
        if isinstance(result, Value):
            row = self.of_value(self.names.of[result], result)
            return {"result": row["value"], "type": row["type"], "variablesReference": row["variablesReference"]}
        return {"result": repr(result), "type": type(result).__name__, "variablesReference": 0}

    def _environment(self) -> Mapping[str, Any]:
        last = self.walk.last
        product = {**last._asdict(), "index": float(last.index), "op": last.node.op} if last else {}
        return ChainMap(product, self.names.nodes)

    def complete(self, text: str) -> Sequence[Body]:
        """Completions of the word at the end of the text."""
        word = text.rpartition(" ")[2].rpartition("(")[2]
        known = [*self.names.nodes, *PRODUCT_NAMES, *FUNCTIONS, *CONSTANTS]
        found = [name for name in known if name.startswith(word)][:MOST]
        return [{"label": name, "start": _utf16(text) - _utf16(word), "length": _utf16(word)} for name in found]

    def exception(self) -> Body:
        """Why the pass stopped at a number that is not finite: the first such value in forward order."""
        fault = first_fault(self.walk)
        wrong = self.messages.fault(fault) if fault is not None else [ALL_FINITE]
        return {
            "exceptionId": "gradient not finite", "description": self.controller.stop.description,
            "breakMode": "always",
            "details": {"message": "\n".join(wrong), "typeName": "NonFiniteError"},
        }  # fmt: skip


def _row(name: str, value: str, kind: str = "") -> Body:
    return {"name": name, "value": value, "type": kind, "variablesReference": 0}


def _source(file: str) -> Body:
    return {"name": os.path.basename(file), **({"path": os.path.abspath(file)} if os.path.exists(file) else {})}


def _utf16(text: str) -> int:
    """Columns of the protocol are units of UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
