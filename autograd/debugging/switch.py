"""The switch `autograd.debug`, and `AUTOGRAD_DEBUG`, which switches it on from outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from autograd.backward import Pass, plain_pass
from autograd.debugging.anomaly import check_node, check_products, checked_pass
from autograd.debugging.hooks import can_stop
from autograd.debugging.mirror.mirrored_pass import mirror_pass
from autograd.graph import topological
from autograd.origin import remember
from autograd.scopes import Hooks, Scope, change_everywhere, hooks

VARIABLE = "AUTOGRAD_DEBUG"


@dataclass(frozen=True)
class DebugSettings:
    """What is on besides provenance, which always is: a field per argument of `debug` and word of AUTOGRAD_DEBUG."""

    anomaly: bool = False
    mirror: bool = False


class debug(Scope):  # noqa: N801 (used like a function)
    """Keep where each node is made, for this thread (or asyncio task): `autograd.origin` turns it into lines and names.

    With `anomaly=True`, moreover, the first node with an infinite or nan value, derivative or (in `backward()`)
    gradient raises NonFiniteError, which names the line, the expression and the operands. With `mirror=True`, every
    `backward()` is one that a debugger steps through on the lines of the forward program, as `backward(debug=True)` is.
    Blocks nest: what an inner one does not mention stays as it is, and `anomaly=False` allows infinities that are
    meant. It decorates functions.

    >>> from autograd import Value, log
    >>> p = Value(0.0, label="p")
    >>> with debug(anomaly=True):
    ...     loss = -log(p)
    Traceback (most recent call last):
        ...
    autograd.errors.NonFiniteError: log made a value of -inf and a derivative of inf with respect to p
    ...

    The environment variable AUTOGRAD_DEBUG, read when autograd is imported, does the same for a whole process, all
    threads: `AUTOGRAD_DEBUG=1` for provenance, `AUTOGRAD_DEBUG=anomaly,mirror` for all.
    """

    __slots__ = ()

    def __init__(self, *, anomaly: bool | None = None, mirror: bool | None = None) -> None:
        mentioned = {"anomaly": anomaly, "mirror": mirror}
        changes = {word: bool(on) for word, on in mentioned.items() if on is not None}
        super().__init__(lambda now: _changed(now, replace(now.settings or DebugSettings(), **changes)))


def _changed(now: Hooks, inner: DebugSettings) -> Hooks:
    """The hooks with these settings: watchers that are missing are added, and the pass is the one that they ask for."""
    missing = [watcher for watcher in _watchers(inner) if watcher not in now.watchers]
    chosen = now.chosen_pass if _pass(inner) is _pass(now.settings) else _pass(inner)
    return replace(now, settings=inner, watchers=(*now.watchers, *missing), chosen_pass=chosen)


def _watchers(settings: DebugSettings | None) -> tuple[Callable[[Any], None], ...]:
    if settings is None:
        return ()
    return (remember, _check) if settings.anomaly else (remember,)


def _check(node: Any) -> None:
    """An inner block may have switched it off."""
    settings = hooks().settings
    if settings is not None and settings.anomaly:
        check_node(node)


def _checked_mirror_pass(root: Any) -> None:
    mirror_pass(root, (check_products,))


_PASSES: dict[DebugSettings, Pass] = {
    DebugSettings(): plain_pass,
    DebugSettings(anomaly=True): checked_pass,
    DebugSettings(mirror=True): mirror_pass,
    DebugSettings(anomaly=True, mirror=True): _checked_mirror_pass,
}


def _pass(settings: DebugSettings | None) -> Pass:
    return _PASSES[settings or DebugSettings()]


def debugged_pass(root: Any, asked: bool) -> None:
    """The pass of `backward(debug=True)`, or of one that a breakpoint may stop: in mirror mode besides what is on."""
    settings = hooks().settings or DebugSettings()
    mirror = settings.mirror or asked or any(map(can_stop, topological(root)))
    _pass(replace(settings, mirror=mirror))(root)


def read(text: str) -> DebugSettings | None:
    """The value of AUTOGRAD_DEBUG: words separated by commas; '' and '0' leave everything off.

    >>> read("1").anomaly, read("anomaly").anomaly, read("0")
    (False, True, None)

    ValueError for a word it does not know.
    """
    words = {word.strip().lower() for word in text.split(",")} - {"", "0"}
    known = [field.name for field in fields(DebugSettings)]
    for word in sorted(words - {"1", *known}):
        raise ValueError(f"{VARIABLE}={text!r}: no such word as {word!r}; use 1, {', '.join(known)} or leave it unset")
    return DebugSettings(**dict.fromkeys(words - {"1"}, True)) if words else None


def _switch_on_from_outside() -> None:
    settings = read(os.environ.get(VARIABLE, ""))
    if settings is not None:
        change_everywhere(lambda now: _changed(now, settings))


_switch_on_from_outside()
