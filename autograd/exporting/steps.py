"""Steps of a vector program as loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from autograd import rules
from autograd.compiler.vector.steps import Step
from autograd.exporting.joint import write_joint
from autograd.exporting.operands import Access, Files, Shape, behind, broadcast, merged
from autograd.exporting.products import write_product
from autograd.exporting.spelling import called, expression, sum_of, without_formula
from autograd.exporting.writing import Lines
from autograd.primitive import Primitive

UNROLLED = 8  # pairs that are added in one statement


@contextmanager
def loops(to: Lines, shape: Shape) -> Iterator[list[str]]:
    """A loop for each axis; gives the names of the indices."""
    with ExitStack() as stack:
        yield [stack.enter_context(to.loop(length)) for length in shape]


def write(to: Lines, files: Files, step: Step) -> None:
    """The loops of a step. What is a mean over samples is added to its result."""
    out = files.result(step)
    operands = [files.access(each) for each in step.operands]
    FORMS[step.form](to, step, out, operands)


def write_together(to: Lines, files: Files, steps: Sequence[Step]) -> None:
    """Steps that apply rows to the same operands, in one loop."""
    first = steps[0]
    operands = [broadcast(files.access(each), len(first.shape)) for each in first.operands]
    shape, made = merged(first.shape, [*map(files.result, steps), *operands])
    rows = [step.row for step in steps if step.row is not None]
    with loops(to, shape) as at:
        texts = [each.at(at) for each in made]
        write_joint(to, rows, texts[len(steps) :], texts[: len(steps)])


def _map(to: Lines, step: Step, out: Access, operands: Sequence[Access]) -> None:
    assert step.row is not None
    axes = len(step.shape)
    shape, (result, *given) = merged(step.shape, [out, *[broadcast(each, axes) for each in operands]])
    with loops(to, shape) as at:
        text = expression(to.file, step.row, [each.at(at) for each in given], exact=False)
        to.add(f"{result.at(at)} = {text};")


def _lift(to: Lines, step: Step, out: Access, operands: Sequence[Access]) -> None:
    shape, (result, x) = merged(step.shape, [out, broadcast(operands[0], len(step.shape))])
    with loops(to, shape) as at:
        to.add(f"{result.at(at)} = {x.at(at)};")


# --- sums of pairs ----------------------------------------------------------------------------------------------------


def _pairs(to: Lines, step: Step, out: Access, operands: Sequence[Access]) -> None:
    w, x, *bias = operands
    count, axes = step.operands[1].shape[0], len(step.shape)
    start = broadcast(bias[0], axes) if bias else Access("", 0, (0,) * axes, text="")
    wide = [behind(each, axes) for each in (w, x)]
    if count <= UNROLLED:
        rows = [each.moved(i) for i in range(count) for each in wide]
        shape, (result, begin, *given) = merged(step.shape, [out, start, *rows])
        with loops(to, shape) as at:
            texts = [each.at(at) for each in given]
            to.add(f"{result.at(at)} = {_sum(to, begin.at(at), list(zip(texts[::2], texts[1::2], strict=True)))};")
    elif step.size == 1:
        _dot(to, out.at([0] * axes), start.at([0] * axes), count, [wide[0], wide[1]], axes)
    else:
        _rowwise(to, step, count, (out, start, *wide))


def _sum(to: Lines, start: str, pairs: Sequence[tuple[str, str]]) -> str:
    zero = to.language.literal(0.0)
    return sum_of("" if start == zero and pairs else start, pairs, to.language.literal(1.0)) or zero


def _dot(to: Lines, out: str, start: str, count: int, pair: Sequence[Access], axes: int) -> None:
    """One number: four partial sums, so that additions do not wait for each other."""
    zero = to.language.literal(0.0)
    rest = count % 4
    with to.block():
        for i in range(4):
            first = [tuple(each.moved(k).at([0] * axes) for each in pair) for k in range(rest) if k == i]
            to.variable(f"a{i}", _sum(to, (start or zero) if i == 0 else zero, [(w, x) for w, x in first]))
        with to.loop(count - rest, step=4) as k:
            for i in range(4):
                w, x = (_shifted(each, rest + i).at([k, *[0] * axes]) for each in pair)
                to.add(f"a{i} += {_sum(to, '', [(w, x)])};")
        to.add(f"{out} = (a0 + a1) + (a2 + a3);")


def _shifted(access: Access, places: int) -> Access:
    offset = access.offset + places * access.steps[0] if access.pointer else 0
    return Access(access.pointer, offset, access.steps, access.table, access.text)


def _rowwise(to: Lines, step: Step, count: int, accesses: Sequence[Access]) -> None:
    """Pair after pair for all numbers at once."""
    out, start, *wide = accesses
    shape, (result, begin, w, x) = merged(step.shape, [out, start, *[each.moved(0) for each in wide]])
    with loops(to, shape) as at:
        to.add(f"{result.at(at)} = {_sum(to, begin.at(at), [(w.at(at), x.at(at))])};")
    with to.loop(count - 1) as k, loops(to, step.shape) as at:
        texts = [_shifted(each, 1).at([k, *at]) for each in wide]
        to.add(f"{out.at(at)} += {_sum(to, '', [(texts[0], texts[1])])};")


# --- folds ------------------------------------------------------------------------------------------------------------


def _reduce(to: Lines, step: Step, out: Access, operands: Sequence[Access]) -> None:
    assert step.row is not None
    *index, xs = operands
    count, axes = step.operands[-1].shape[0], len(step.shape)
    xs = behind(xs, axes)
    with to.block(), loops(to, step.shape) as at:
        picked = [broadcast(each, axes).at(at) for each in index]
        fold(to, step.row, out.at(at), picked, count, lambda k: xs.at([k, *at]))


def fold(to: Lines, row: Primitive, out: str, index: Sequence[str], count: int, item: Callable[[str], str]) -> None:
    """A row of any number of operands, one operand after the other; `item` gives the operand of an index."""
    language, file = to.language, to.file
    zero, one = language.literal(0.0), language.literal(1.0)
    if row in (rules.pivot, rules.largest, rules.logsumexp):
        to.variable("m", language.literal(float("-inf")))
        with to.loop(count) as k:
            to.add(f"m = {called(file, 'pivot_step', ['m', item(k)])};")
        if row is rules.logsumexp:
            to.variable("s", zero)
            to.variable("c", zero)
            with to.loop(count) as k:
                to.add(f"s = s + {called(file, 'term', [item(k), 'm', 'c'])};")
                to.add(f"c = {called(file, 'count', [item(k), 'm', 'c'])};")
            to.add(f"{out} = {called(file, 'log_of_sum', ['m', 's'])};")
        else:
            to.add(f"{out} = m;")
    elif row is rules.hypot:
        for name in ("m", "s", "c"):
            to.variable(name, zero)
        with to.loop(count) as k:
            to.add(f"m = {called(file, 'larger_size', ['m', item(k)])};")
        with to.loop(count) as k:
            to.add(f"s = {called(file, 'add_square', ['s', item(k), 'm'])};")
            to.add(f"c = c + {language.functions['fabs']}({item(k)});")
        to.add(f"{out} = {called(file, 'length', ['m', 's', 'c'])};")
    elif row is rules.pick:
        to.variable("m", language.nan)
        with to.loop(count) as k:
            to.add(f"m = {called(file, 'pick_step', ['m', index[0], k, item(k)])};")
        to.add(f"{out} = m;")
    elif row in (rules.prod, rules.total):
        to.variable("m", one if row is rules.prod else zero)
        with to.loop(count) as k:
            to.add(f"m = m {'*' if row is rules.prod else '+'} {item(k)};")
        to.add(f"{out} = m;")
    else:
        raise without_formula(row.name)


# --- means: what a sample adds ----------------------------------------------------------------------------------------


def _mean(to: Lines, step: Step, out: Access, operands: Sequence[Access]) -> None:
    shape, (result, x) = merged(step.shape, [out, broadcast(operands[0], len(step.shape))])
    with loops(to, shape) as at:
        to.add(f"{result.at(at)} += {x.at(at)};")


def _mean_product(to: Lines, step: Step, out: Access, operands: Sequence[Access]) -> None:
    w, x = operands
    right = Access(x.pointer, x.offset, x.steps[::-1], x.table, x.text)
    write_product(to, _sizes(step), out, w, right, None, adds=True)


def _mean_pairs(to: Lines, step: Step, out: Access, operands: Sequence[Access]) -> None:
    w, x = (behind(each, len(step.shape)) for each in operands)
    with to.loop(step.operands[1].shape[0]) as k, loops(to, step.shape) as at:
        to.add(f"{out.at(at)} += {_sum(to, '', [(w.at([k, *at]), x.at([k, *at]))])};")


def _product(to: Lines, step: Step, out: Access, operands: Sequence[Access]) -> None:
    w, x, *bias = operands
    start = broadcast(bias[0], 2) if bias else None
    write_product(to, _sizes(step), out, w, x, start)


def _sizes(step: Step) -> tuple[int, int, int]:
    (r, c), (_, k) = step.shape, step.operands[0].shape
    return r, c, k


FORMS: Mapping[str, Callable[[Lines, Step, Access, Sequence[Access]], None]] = {
    "map": _map,
    "reduce": _reduce,
    "product": _product,
    "pairs": _pairs,
    "mean": _mean,
    "mean_product": _mean_product,
    "mean_pairs": _mean_pairs,
    "lift": _lift,
}
