"""`InspectCommands`: the commands of the stepper that show the pass and change nothing."""

from __future__ import annotations

import linecache
import re
from collections import ChainMap
from collections.abc import Mapping
from typing import Any, TextIO

from autograd import origin
from autograd.debugging import suggestions
from autograd.debugging.breakpoints import Breakpoint, attributes, fields_of
from autograd.debugging.inspection import bad_gradients, first_fault
from autograd.debugging.messages import ALL_FINITE, INDENT, Messages
from autograd.debugging.naming import Names
from autograd.debugging.stepper.console import Console
from autograd.debugging.walk import Walk
from autograd.drawing import draw
from autograd.errors import GraphError
from autograd.expressions.conditions import parse_condition
from autograd.io.plural import counted
from autograd.value import Value

ROWS = 40  # of a table, before it is cut
AROUND = 5  # lines of source on either side


class InspectCommands(Console):
    """A console over a walk: `print`, `where`, `list`, `graph`, `nan`, `info`."""

    def __init__(
        self,
        walk: Walk,
        variables: Mapping[str, object] | None = None,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
    ) -> None:
        super().__init__(stdin, stdout)
        self.walk = walk
        self.names = Names(walk.nodes[::-1], variables)
        self.messages = Messages(walk, self.names)
        self.breakpoints: dict[int, Breakpoint] = {}

    @property
    def here(self) -> Value:
        """The node that the pass is at: the one whose products are next, or at the end the last product's parent."""
        node, last = self.walk.node, self.walk.last
        if node is not None:
            return node
        return last.parent if last else self.walk.root

    def complete_node(self, text: str, *ignored: object) -> list[str]:
        return [name for name in self.names.nodes if name.startswith(text)]

    def suggestion(self, line: str) -> str:
        return suggestions.for_command(line, self.names.nodes)

    def _node(self, argument: str) -> Value:
        return self.names.find(argument) if argument else self.here

    def do_print(self, argument: str) -> None:
        """print [NODE | EXPR]: value, gradient, and the products in its sum.

        The products are done or pending. Without NODE, it is the node whose products
        are next. EXPR is a number, such as w.grad: see `help break`.

        print w
        print w2[1,0]
        print abs(w.grad) > 2
        """
        if argument and argument not in self.names.nodes and EXPRESSION.search(argument):
            return self.say(self._number(argument))
        for line in self.messages.node(self._node(argument)):
            self.say(line)
        return None

    def _number(self, text: str) -> str:
        """`-3.0`, the value of an expression; for the attribute of a node with what shows more of it."""
        here, last = self.here, self.walk.last
        fields: dict[str, Any] = {"node": here, "op": here.op, "data": here.data, "grad": here.grad}
        environment = ChainMap(self.names.nodes, fields, fields_of(last, self.walk.index) if last else {})
        result = parse_condition(text, environment, attributes(self.names)).evaluate(environment)
        node = suggestions.owner(text, self.names.nodes)
        if not node:
            return repr(result.data if isinstance(result, Value) else result)
        missing = self.walk.pending(self.names.nodes[node]) if text.endswith("grad") else 0
        pending = f" so far ({missing} pending)" if missing else ""
        return f"{text} = {result!r}{pending}; `print {node}` shows where it comes from"

    def do_where(self, argument: str) -> None:
        """where [NODE]: the chain rule from the loss to here, or to NODE.

        If there are several paths, it shows the one that contributed most.

        where
        where b
        """
        for line, place in self.messages.path(self._node(argument)):
            self.say(line, "bold")
            if place:
                self.say(place, "mark")

    def do_list(self, argument: str) -> None:
        """list [NODE]: the source around the line that made the node.

        list
        list d
        """
        node = self._node(argument)
        place = origin.position(node)
        lines = linecache.getlines(place.file) if place else []
        if place is None or not lines:
            raise GraphError(f"the source of {self.names.of[node]} is not known: {NO_SOURCE}")
        self.say(f"{place.file}, in {place.function}", "dim")
        for at in range(max(1, place.line - AROUND), min(len(lines), place.line + AROUND) + 1):
            text = lines[at - 1].rstrip().expandtabs()
            self.say(f"{'→' if at == place.line else ' '} {at:4}  {text}")
            if at == place.line and (carets := origin.caret(place).partition("\n")[2]):
                indent = len(text) - len(text.lstrip())
                self.say(f"{' ' * (8 + indent)}{carets.expandtabs()}", "mark")

    def do_graph(self, argument: str) -> None:
        """graph [FILE]: draw the graph at this moment.

        FILE ends in .svg, .png, .dot or .html. Without FILE it is backward-N.svg, where
        N is the number of products done.

        graph
        graph halfway.svg
        """
        path = argument or f"backward-{self.walk.index}.svg"
        title = f"after {self.walk.index} of {len(self.walk)} products"
        draw(self.walk.root, title=title).save(path)
        self.say(f"wrote {path}", "good")

    def do_nan(self, argument: str) -> None:
        """nan: find the first infinity or nan.

        It is the first value or local derivative in forward order. It also counts the
        gradients that are infinite or nan at this moment.

        nan
        """
        fault = first_fault(self.walk)
        if fault is None:
            self.say(ALL_FINITE, "good")
        else:
            self.say("first in forward order:")
            for line in self.messages.fault(fault):
                self.say(line, "bad")
        bad = [self.names.of[node] for node in bad_gradients(self.walk)]
        if bad:
            more = ", …" if len(bad) > 8 else ""
            self.say(f"gradients that are infinite or nan now: {len(bad)} ({', '.join(bad[:8])}{more})", "bad")

    def do_info(self, argument: str) -> None:
        """info [nodes [TEXT] | break]: show the state of the pass, nodes or breakpoints.

        With TEXT, only nodes whose names contain it.

        info
        info nodes w2
        info break
        """
        topic, _, text = argument.partition(" ")
        topics = {"": self._info, "nodes": self._info_nodes, "break": self._info_break}
        chosen = [each for each in topics if each.startswith(topic)] if topic else [""]
        if len(chosen) != 1:
            raise GraphError(f"unknown topic {topic!r}; use info, info nodes or info break")
        topics[chosen[0]](text.strip())

    def complete_info(self, text: str, line: str, begin: int, end: int) -> list[str]:
        if len(line[:begin].split()) == 1:
            return [topic for topic in ("nodes", "break") if topic.startswith(text)]
        return self.complete_node(text)

    def _info(self, text: str) -> None:
        walk = self.walk
        self.say(f"{counted(len(walk.nodes), 'node')}, {counted(len(walk), 'product')}, {walk.index} done", "bold")
        self.say(self.messages.moment())
        if not any(origin.position(node) for node in walk.nodes):
            self.say(f"no source lines: {NO_SOURCE}", "dim")
        if self.breakpoints:
            self._info_break("")

    def _info_nodes(self, text: str) -> None:
        chosen = [node for node in self.walk.nodes if text in self.names.of[node]]
        if not chosen:
            raise GraphError(f"no node has a name with {text!r} in it")
        width = max(len(self.names.of[node]) for node in chosen[:ROWS])
        for node in chosen[:ROWS]:
            self.say(self.messages.row(node, width), "bold" if node is self.here else "")
        if len(chosen) > ROWS:
            self.say(f"{INDENT}… and {len(chosen) - ROWS} more; `info nodes TEXT` shows those with TEXT in the name")

    def _info_break(self, text: str) -> None:
        if not self.breakpoints:
            self.say("no breakpoints; `help break` shows how to set one")
        for key, breakpoint in self.breakpoints.items():
            kind = "temporary, " if breakpoint.temporary else ""
            self.say(f"breakpoint {key}: {breakpoint.text}  ({kind}hits: {breakpoint.hits})")

    complete_print = complete_where = complete_list = complete_node


EXPRESSION = re.compile(r"[^\w\s]|^(?:node|op|data|grad|local|upstream|contribution|before|after|index)$")
NO_SOURCE = "build the graph inside `with autograd.debug():`"
