"""The switch `autograd.debug`, and the environment variable `AUTOGRAD_DEBUG`, which sets it for a process."""

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
    """Remember where each node is made, in this thread (or asyncio task); `autograd.origin` gives its line and name.

    anomaly  the first node with an infinite or nan value, derivative or (in `backward()`) gradient raises
             NonFiniteError, which names the line, the expression and the operands; False allows intended infinities
    mirror   debuggers step through every `backward()` on the lines of the forward program, as for
             `backward(debug=True)`

    Blocks nest: an argument that an inner one leaves out keeps its value. It can decorate functions.

    >>> from autograd import Value, log
    >>> p = Value(0.0, label="p")
    >>> with debug(anomaly=True):
    ...     loss = -log(p)
    Traceback (most recent call last):
        ...
    autograd.errors.NonFiniteError: log made a value of -inf and a derivative of inf with respect to p
    ...

    The environment variable AUTOGRAD_DEBUG, read when autograd is imported, does the same for all threads of a
    process: `AUTOGRAD_DEBUG=1` for provenance, `AUTOGRAD_DEBUG=anomaly,mirror` for all.
    """

    __slots__ = ()

    def __init__(self, *, anomaly: bool | None = None, mirror: bool | None = None) -> None:
        mentioned = {"anomaly": anomaly, "mirror": mirror}
        changes = {word: bool(on) for word, on in mentioned.items() if on is not None}
        super().__init__(lambda now: _changed(now, replace(now.settings or DebugSettings(), **changes)))


def _changed(now: Hooks, inner: DebugSettings) -> Hooks:
    """The hooks with these settings: missing watchers are added, and the pass is chosen by the settings."""
    missing = [watcher for watcher in _watchers(inner) if watcher not in now.watchers]
    chosen = now.chosen_pass if _pass(inner) is _pass(now.settings) else _pass(inner)
    return replace(now, settings=inner, watchers=(*now.watchers, *missing), chosen_pass=chosen)


def _watchers(settings: DebugSettings | None) -> tuple[Callable[[Any], None], ...]:
    if settings is None:
        return ()
    return (remember, _check) if settings.anomaly else (remember,)


def _check(node: Any) -> None:
    """Check the node, unless an inner block has switched that off."""
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
    """The pass of `backward(debug=True)`, or one that a breakpoint may stop: mirror mode is added to the settings."""
    settings = hooks().settings or DebugSettings()
    mirror = settings.mirror or asked or any(map(can_stop, topological(root)))
    _pass(replace(settings, mirror=mirror))(root)


def parse_settings(text: str) -> DebugSettings | None:
    """Parse the value of AUTOGRAD_DEBUG: words separated by commas; '' and '0' leave everything off.

    >>> parse_settings("1").anomaly, parse_settings("anomaly").anomaly, parse_settings("0")
    (False, True, None)

    ValueError for an unknown word.
    """
    words = {word.strip().lower() for word in text.split(",")} - {"", "0"}
    known = [field.name for field in fields(DebugSettings)]
    for word in sorted(words - {"1", *known}):
        raise ValueError(f"{VARIABLE}={text!r}: unknown word {word!r}; use 1, {', '.join(known)} or leave it unset")
    return DebugSettings(**dict.fromkeys(words - {"1"}, True)) if words else None


def _read_environment() -> None:
    settings = parse_settings(os.environ.get(VARIABLE, ""))
    if settings is not None:
        change_everywhere(lambda now: _changed(now, settings))


_read_environment()
