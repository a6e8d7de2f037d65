"""What users of pdb and gdb type out of habit, and the form that the stepper takes."""

from __future__ import annotations

import re
from collections.abc import Collection

# Commands of pdb, ipdb and gdb that have another name here.
COMMANDS = {
    **dict.fromkeys(("bt", "backtrace", "up", "down", "d", "frame", "f"), "where"),
    **dict.fromkeys(("pp", "display", "x", "whatis", "inspect", "watch", "interact"), "print NODE"),
    **dict.fromkeys(("locals", "globals", "args", "a", "vars", "dir"), "info nodes"),
    **dict.fromkeys(("delete", "disable", "ignore", "cl"), "clear"),
    **dict.fromkeys(("jump", "j", "advance"), "until NODE"),
    **dict.fromkeys(("cont", "resume", "go", "return", "finish"), "continue"),
    **dict.fromkeys(("exit", "stop"), "quit"),
    **dict.fromkeys(("restart", "kill"), "abort"),
    **dict.fromkeys(("reverse-step", "rs", "reverse-stepi", "undo", "prev", "previous"), "back"),
    **dict.fromkeys(("reverse-next", "rn", "reverse-continue"), "rcontinue"),
    **dict.fromkeys(("stepi", "si", "stepin"), "step"),
    **dict.fromkeys(("nexti", "ni"), "next"),
    **dict.fromkeys(("source", "ll", "longlist"), "list"),
    **dict.fromkeys(("draw", "plot", "show"), "graph"),
    "condition": "break NODE if EXPR",
}
ATTRIBUTES = ("grad", "data", "value", "op", "name")
# What a product has instead of the fields of a node, and the other way round.
OF_PRODUCT = {"grad": "after", "data": "node.data"}
OF_NODE = {"after": "grad", "before": "grad"}
COMPARISON = re.compile(r"[<>]|[=!]=")


def owner(text: str, names: Collection[str]) -> str:
    """The node whose attribute `text` asks for, as in `w.grad`; '' if it does not.

    >>> owner("w.grad", {"w"}), owner("w.grad", {"v"})
    ('w', '')
    """
    name, _, attribute = text.strip().rpartition(".")
    return name if name in names and attribute in ATTRIBUTES else ""


def for_command(line: str, names: Collection[str]) -> str:
    """The command that an unknown one stands for; '' if none is known.

    >>> for_command("bt", ()), for_command("pp w", {"w"}), for_command("v.grad", {"v"}), for_command("v = 3", {"v"})
    ('where', 'print w', 'print v.grad', 'print v')
    """
    word, _, rest = line.strip().partition(" ")
    if line in names or owner(line, names):
        return f"print {line}"
    if word in names or owner(word, names):
        return f"print {word}"
    return COMMANDS.get(word, "").replace("NODE", rest.strip() or "NODE")


def for_condition(where: str, condition: str) -> str:
    """How to write a condition that uses fields which it does not have there; '' if nothing is known.

    >>> for_condition("", "abs(grad) > 2")
    'write `break if abs(after) > 2` for the gradient after each product, or `break NODE if abs(grad) > 2`'
    >>> for_condition("op tanh", "local > 1")
    'write `break if local > 1 and op == "tanh"`: only products have these fields'
    """
    if not where:
        written = _with(condition, OF_PRODUCT)
        meaning = " for the gradient after each product" if "after" in written else ""
        return f"write `break if {written}`{meaning}, or `break NODE if {condition}`" if written != condition else ""
    written = _with(condition, OF_NODE)
    if written != condition:
        return f"write `break {where} if {written}`: the gradient is complete there"
    if re.search(_word("local|upstream|contribution|parent|index"), condition):
        op = where.removeprefix("op ")
        test = f'op == "{op}"' if op != where else f'parent.name == "{where}"'
        return f"write `break if {condition} and {test}`: only products have these fields"
    return ""


def for_place(where: str, names: Collection[str], ops: Collection[str]) -> str:
    """The form of a breakpoint whose place is not a node; '' if nothing is known.

    >>> for_place("abs(grad) > 2", {"w"}, ())
    'write `break if abs(after) > 2` for the gradient after each product, or `break NODE if abs(grad) > 2`'
    >>> for_place("w.grad > 2", {"w"}, ()), for_place("12, x > 3", {"w"}, ()), for_place("tanh", {"w"}, ["tanh"])
    ('write `break if w.grad > 2`', 'write `break 12 if x > 3`', 'write `break op tanh`')
    """
    place, comma, condition = where.partition(",")
    if COMPARISON.search(condition):
        return f"write `break {place.strip()} if {condition.strip()}`" if comma else ""
    if COMPARISON.search(where):
        return for_condition("", where) or f"write `break if {where}`"
    if where in ops:
        return f"write `break op {where}`"
    node = owner(where, names)
    return f"write `break {node}`, which stops when its gradient is complete" if node else ""


def _word(alternatives: str) -> str:
    """A pattern for names that are not attributes: not the `grad` of `w.grad`."""
    return rf"(?<![\w.])(?:{alternatives})\b"


def _with(condition: str, words: dict[str, str]) -> str:
    return re.sub(_word("|".join(words)), lambda found: words[found[0]], condition)
