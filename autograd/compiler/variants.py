"""The programs of a function: one for each structure of its arguments and each branch, recorded when it is needed."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter
from threading import Lock, RLock
from typing import Any, NamedTuple
from weakref import WeakSet

from autograd.compiler import advice, derived, kinds
from autograd.compiler.arguments import as_array
from autograd.compiler.assembled import assembled
from autograd.compiler.call_arguments import Arguments
from autograd.compiler.captures import Outside
from autograd.compiler.given import Given
from autograd.compiler.kinds import Kind
from autograd.compiler.lower import Call, Lowered, PerSampleError
from autograd.compiler.options import Options
from autograd.compiler.program import Guard
from autograd.compiler.python import means
from autograd.compiler.specialization import Variant, verified
from autograd.errors import CompileError
from autograd.per_sample import argument_names
from autograd.recording import alone, paused_gc
from autograd.structure import Key
from autograd.value import Value

BRANCHES = 64  # recordings of one structure that are kept; a function that needs more is not worth compiling
# Programs of all structures together that are kept; the one that has not been used for longest goes. Lengths of words
# and lines fit, and the branches of two structures; a program of a long text takes some MB, so this is no leak.
PROGRAMS = 2 * BRANCHES


class Missing(NamedTuple):
    """No program fits: how many there are, which guard failed, and what has changed."""

    programs: int
    failed: Guard | None = None
    changed: str = ""


class Latest(NamedTuple):
    """What was looked up last; it holds as long as the version is the same."""

    version: object = None
    kind: Kind = ""
    keys: tuple[Key, ...] = ()
    known: tuple[Variant, ...] = ()


class Variants:
    """The programs of a function `f`, which may be asked for from several threads, and pickled."""

    def __init__(
        self,
        f: Callable[..., Any] | None,
        parameters: tuple[Value, ...] | None,
        batch: frozenset[str] = frozenset(),
        options: Options = Options(),  # noqa: B008 (it cannot change)
    ) -> None:
        self.function = f
        self.parameters = parameters
        self.batch = batch
        self.options = options
        self._names = argument_names(f)
        self._variants: dict[tuple[Kind, tuple[Key, ...]], tuple[Variant, ...]] = {}
        self._version: object = object()  # another one whenever `_variants` has changed
        self._latest = Latest()
        self._last: Variant | None = None
        self._single: Variants | None = None  # where exact samples need a program each: the function without a batch
        self._by_sample: frozenset[tuple[Kind, tuple[Key, ...]]] = frozenset()
        self._repeats = advice.Repeats()
        self._recordings = 0
        self._dropped = 0  # programs that had to go
        self._make_locks()
        _all.add(self)

    def _make_locks(self) -> None:
        self._lock = Lock()
        self._recording = RLock()  # one recording at a time, which others then find

    def _run(self, kind: Kind, given: Given) -> tuple[Variant, Any]:
        """What ran and its outputs, a list or an array; records if there is no program for these arguments yet."""
        arguments = given.arguments
        if self._by_sample and self._single is not None and (kind, arguments.keys) in self._by_sample:
            return self._run_by_sample(self._single, kind, given)
        found = self._look_up(kind, given)
        if isinstance(found, Missing):
            with alone(self._recording):  # another thread may have recorded what this one needs meanwhile
                found = self._look_up(kind, given)
                if isinstance(found, Missing):
                    repeat = self._repeat(kind, arguments.keys, found)
                    try:
                        variant = self._record(kind, given)
                    except PerSampleError:
                        return self._run_by_sample(self._without_batch(kind, arguments), kind, given)
                    if repeat is not None:
                        self._repeats.note(repeat)
                    return variant, variant.run(given.pieces, given.samples)
        return found

    def _without_batch(self, kind: Kind, arguments: Arguments) -> Variants:
        """The function of one sample, which from now on runs for such arguments. Its branches are those of `where`."""
        if self._single is None:
            options = replace(self.options, on_branch="record", threads=None)
            self._single = Variants(self.function, self.parameters, options=options)
        self._by_sample |= {(kind, arguments.keys)}
        return self._single

    def _run_by_sample(self, single: Variants, kind: Kind, given: Given) -> tuple[Variant, Any]:
        """As `_run`, one sample after the other, each by the program of the branches that it takes."""
        rows = []
        for sample in given.each():
            variant, outputs = single._run(kinds.of_one_sample(kind), sample)
            rows.append(plain_list(outputs))
        self._last = variant
        return variant, as_array(rows) if kinds.is_per_sample(kind) else means(rows)

    def _look_up(self, kind: Kind, given: Given) -> tuple[Variant, Any] | Missing:
        """The program that fits these arguments, of those recorded so far, and its outputs."""
        arguments = given.arguments
        known = self._known(kind, arguments.keys)
        failed, changed = None, ""
        for variant in known:
            if variant.lowered.by_kind and variant.lowered.indices != arguments.indices:
                continue  # the function asked for the type of an argument: int or float
            if change := variant.outside.change(self.function):
                changed = changed or change
                continue
            outputs = variant.run(given.pieces, given.samples)
            if type(outputs) is not int:
                self._last = variant
                variant.used = self._recordings
                return variant, outputs
            failed = variant.lowered.guard(outputs)
        return Missing(len(known), failed, changed)

    def _known(self, kind: Kind, keys: tuple[Key, ...]) -> tuple[Variant, ...]:
        """The programs for such arguments: those of the last call if it had such ones, else by the hash of the keys."""
        latest = self._latest
        if latest.version is self._version and latest.kind == kind and latest.keys == keys:
            return latest.known
        version = self._version  # read first: what is known may be more than it says, never less
        known = self._variants.get((kind, keys), ())
        self._latest = Latest(version, kind, keys, known)
        return known

    def _repeat(self, kind: Kind, keys: tuple[Key, ...], known: Missing) -> advice.Repeat | None:
        """Why it is recorded again, if it is; CompileError if nothing more may be recorded."""
        if known.programs and (failed := known.failed) is not None:
            if self.options.on_branch == "raise" or known.programs == BRANCHES:
                raise CompileError(self._too_many(failed, known.programs))
            if not self.options.exact:  # which promises to record for each branch and index
                place, where = (kind, keys), f"{failed.where}: "
                return advice.Repeat(advice.kind_of(failed), place, where, advice.asked(failed), self._remedy(failed))
        elif known.programs and known.changed:
            if self.options.on_branch == "raise":
                raise CompileError(f"{known.changed} has changed since the function was recorded; {advice.AS_ARGUMENT}")
            why = f"what it reads changed, {known.changed}"
            return advice.Repeat("outside", (kind, keys), advice.defined_at(self.function), why, advice.AS_ARGUMENT)
        elif before := [other for each, other in self._variants if each == kind and other != keys]:
            why = advice.changed_structure(self._names_of(len(keys)), before[-1], keys)
            return advice.Repeat("structure", kind, advice.defined_at(self.function), why, advice.PAD)
        return None

    def _too_many(self, failed: Guard, count: int) -> str:
        if self.options.on_branch == "raise":
            then, end = "when it was recorded", ', or on_branch="record"'
        else:
            then, end = f"in all {count} recordings", ""
        return f"{failed.where}: {advice.asked(failed)} than {then}; {self._remedy(failed)}{end}"

    def _remedy(self, failed: Guard) -> str:
        without = ", or compile without exact=True, where one program serves all choices of where and pick"
        return advice.remedy(failed) + (without if self.options.exact else "")

    # --- recording ----------------------------------------------------------------------------------------------------

    def _record(self, kind: Kind, given: Given) -> Variant:
        arguments = given.arguments
        if self.function is None:
            raise CompileError(
                "this compiled function was pickled without its Python function, which could not be pickled, and has "
                "no program for these arguments; call it with such arguments before pickling, or use a function that "
                "can be imported"
            )
        outside = Outside(self.function)
        call = Call(
            self.function,
            arguments.keys,
            self._names_of(len(arguments.keys)),
            self.parameters,
            [*arguments.example, *map(float, given.parameters)],
            self.batch,
            arguments.indices,
            outside.generators,
        )
        place = (kind, arguments.keys)
        with paused_gc():  # nothing here has cycles, and the collector would double the time
            checked = given.with_dense_directions()
            lowered = derived.lowered(call, kind, checked.along.example, self.options.exact)
            outside.settle()
            samples = [*checked.samples, *([derived.seeds(lowered.seeds, lowered.plan)] if lowered.seeds else [])]
            build = assembled if lowered.parts else verified
            variant = self._with_same_program(place, lowered) or build(lowered, self.options, checked.pieces, samples)
        variant.outside = outside
        with alone(self._lock):
            others = [each for each in self._variants.get(place, ()) if each is not variant]
            self._recordings += 1
            variant.used = self._recordings
            self._variants[place] = (variant, *others[: BRANCHES - 1])
            self._last = variant
            self._drop_unused(variant)
            self._version = object()
        return variant

    def _drop_unused(self, newest: Variant) -> None:
        """Drop the program that has not been used for longest, if there are too many."""
        kept = [(each.used, place, each) for place, known in self._variants.items() for each in known]
        if len(kept) <= PROGRAMS:
            return
        _, place, oldest = min((each for each in kept if each[-1] is not newest), key=itemgetter(0))
        self._dropped += 1
        self._variants[place] = tuple([each for each in self._variants[place] if each is not oldest])
        if not self._variants[place]:
            del self._variants[place]

    def _with_same_program(self, place: tuple[Kind, tuple[Key, ...]], lowered: Lowered) -> Variant | None:
        """The variant with the same program: what has changed outside does not matter to it."""
        same = (each for each in self._variants.get(place, ()) if each.lowered == lowered and each.outside.change())
        # Equal numbers may be 0 and −0, and one text has all of their signs.
        return next((each for each in same if str(each.lowered.recorded) == str(lowered.recorded)), None)

    def _ran(self) -> Variant:
        if self._last is None:
            raise CompileError("nothing is recorded yet: a compiled function is recorded when it is first called")
        return self._last

    @property
    def _count(self) -> int:
        """How many programs there are."""
        single = self._single._variants if self._single else {}
        return sum(map(len, [*self._variants.values(), *single.values()]))

    def _names_of(self, count: int) -> tuple[str, ...]:
        """The names of `count` arguments."""
        if count <= len(self._names):
            return self._names[:count]
        return (*self._names, *(f"argument_{i}" for i in range(len(self._names), count)))

    # --- pickling -----------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        with alone(self._lock):
            state = {**vars(self), "_variants": dict(self._variants)}
        del state["_lock"], state["_recording"], state["_latest"], state["_version"]
        try:
            pickle.dumps(self.function)
        except (pickle.PicklingError, AttributeError, TypeError):  # each means that it cannot be pickled
            state["function"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._version, self._latest = object(), Latest()
        self._make_locks()
        _all.add(self)


_all: WeakSet[Variants] = WeakSet()


def _unlock() -> None:
    """New locks in a fork: a thread that held one when the process was forked does not exist here."""
    for variants in _all:
        variants._make_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def plain_list(outputs: Any) -> list[float]:
    return outputs if type(outputs) is list else outputs.tolist()
