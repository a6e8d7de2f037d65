"""Write the lines of each step: the NumPy calls of a vector equation."""

from __future__ import annotations

from collections.abc import Callable

from autograd import rules
from autograd.compiler.numpy_backend.operands import Operands
from autograd.compiler.numpy_backend.spelling import CALLS, REDUCTIONS, elementwise, negative
from autograd.compiler.vector.printing import Texts
from autograd.compiler.vector.program import Operand, Step

CHAIN = 3  # pairs that are added one by one


def write(to: Operands, step: Step, texts: Texts) -> None:
    """Add the lines of a step; the formula is a comment on the first that is not a copy."""
    out = to.out(step)
    before = len(to.body)
    FORMS[step.form](to, step, out)
    own = next(i for i in range(before, len(to.body)) if not to.body[i].startswith("take("))
    to.body[own] += f"  # {step.name} = {texts.formula(step)}{f'  {step.note}' if step.note else ''}"


def _map(to: Operands, step: Step, out: str) -> None:
    assert step.row is not None
    operands = [to.expression(each, step.batched) for each in step.operands]
    if step.row is rules.relu:
        to.made["relu", operands[0]] = out
    if step.row is rules.step and operands[1:] == ["0.0", "0.0"] and ("relu", operands[0]) in to.made:
        to.call(f"sign({to.made['relu', operands[0]]}, out={out})")  # three times as fast as heaviside(z, 0.0)
        return
    if step.row in (rules.sigmoid, rules.sigmoid_slope) and _half_done(to, step, operands[0], out):
        return
    spelt = elementwise(step.row, operands, out)
    if spelt is None:
        to.fallback(step.row, operands, step, out)
    else:
        to.call(*spelt)


def _half_done(to: Operands, step: Step, x: str, out: str) -> bool:
    """Write σ(x) so that it leaves e⁻ˣ where σ′(x) is to be, and that as e⁻ˣ σ(x)²; False where nothing is shared."""
    if later := to.slopes.get(step):
        power = to.out(later)
        to.made["power", power] = out
        to.call(f"sigmoid({x}, out={out}, power={power})", CALLS["sigmoid"] + 1)
    elif sigmoid := to.made.get(("power", out)):
        to.call(f"multiply({out}, {sigmoid}, out={out})")
        to.call(f"multiply({out}, {sigmoid}, out={out})")
    else:
        return False
    return True


def _reduce(to: Operands, step: Step, out: str) -> None:
    assert step.row is not None
    *index, xs = step.operands
    count = xs.shape[0]
    if not count:
        to.call(f"{out}.fill({float(step.row.value(*[0.0] * len(index)))!r})")
        return
    stacked = to.stack(xs, step.batched)
    if step.row in REDUCTIONS:
        to.call(f"{REDUCTIONS[step.row]}.reduce({stacked}, axis=0, out={out})")
    elif step.row in (rules.pick, rules.logsumexp):
        indices = [to.expression(each, step.batched) for each in index]
        known = []
        if softmax := to.softmax.get(step) if step.row is rules.logsumexp else None:
            known = [f"largest={to.expression(softmax.largest, step.batched)}"]
            known.append(f"shifted={to.stack(softmax.shifted, step.batched)}")
        to.call(
            f"{step.row.name}({', '.join([*indices, stacked])}, {', '.join([f'out={out}', *known])})",
            CALLS[step.row.name],
        )
    else:
        columns = [to.expression(_row_of(xs, i), step.batched) for i in range(count)]
        to.fallback(step.row, columns, step, out)


def _product(to: Operands, step: Step, out: str) -> None:
    left, right, *bias = step.operands
    r, c = step.shape
    if left.shape[1] == 1 and not step.batched:
        column, row = (left.lanes[:, 0], right.lanes[0]) if c == 1 else (left.lanes, right.lanes)
        x = to.expression(Operand(left.kind, column), False)
        y = to.expression(Operand(right.kind, row), False)
        to.call(f"multiply({x}, {y}, out={out})")
    elif left.shape[1] == 1 and c == 1:
        x = to.expression(Operand(left.kind, left.lanes[:, 0]), True)
        to.call(f"multiply({x}, {to.expression(Operand(right.kind, right.lanes[0]), True)}, out={out})")
    else:
        target = out if c == 1 or not step.batched else to.flat(out, r, c)
        x = to.matrix(left)
        thin = c == 1 and right.kind == "shared"
        y = to.matrix(Operand(right.kind, right.lanes[:, 0]) if thin else right)
        to.call(f"matmul({x}, {y}, out={target})")
    for each in bias:
        whole = _first_column(each) if c == 1 else each
        to.call(f"add({out}, {to.expression(whole, step.batched)}, out={out})")


def _pairs(to: Operands, step: Step, out: str) -> None:
    w, x, *bias = step.operands
    k = x.shape[0]
    whole = x.kind == "batched" or not step.batched  # else only the bias differs from sample to sample
    if w.kind == "constant" and (w.numbers == 1.0).all() and k > CHAIN and whole:
        to.call(f"add.reduce({to.stack(x, step.batched)}, axis=0, out={out})")
    elif k <= CHAIN:
        _chain(to, step, out)
        return
    else:
        t = to.temporary((k, *step.shape), step.batched)
        to.call(f"multiply({to.expression(w, step.batched)}, {to.expression(x, step.batched)}, out={t})")
        to.call(f"add.reduce({t}, axis=0, out={out})")
    for each in bias:
        to.call(f"add({out}, {to.expression(each, step.batched)}, out={out})")


def _chain(to: Operands, step: Step, out: str) -> None:
    """A few terms, one after the other: products first, and then what has no factor or −1."""
    w, x, *bias = step.operands
    products, singles = [], [(1.0, to.expression(each, step.batched)) for each in bias]
    for i in range(x.shape[0]):
        y = to.expression(_row_of(x, i), step.batched)
        factor = _row_of(w, i)
        if factor.kind == "constant" and factor.numbers.size == 1 and abs(factor.numbers.flat[0]) == 1.0:
            singles.append((float(factor.numbers.flat[0]), y))
        else:
            products.append((to.expression(factor, step.batched), y))
    singles.sort(key=lambda single: -single[0])
    for number, (factor_text, y) in enumerate(products):
        t = to.temporary(step.shape, step.batched) if number else out
        to.call(f"multiply({factor_text}, {y}, out={t})")
        if number:
            to.call(f"add({out}, {t}, out={out})")
    if not products:
        (sign, start), *singles = singles
        if not singles or sign < 0.0:
            to.call(f"copyto({out}, {start})" if sign > 0.0 else f"{negative(start)}, out={out})")
            start = out
    else:
        start = out
    for sign, y in singles:
        to.call(f"{'add' if sign > 0.0 else 'subtract'}({start}, {y}, out={out})")
        start = out


def _mean(to: Operands, step: Step, out: str) -> None:
    (x,) = step.operands
    to.call(f"add.reduce({to.stack(x, True)}, axis=-1, out={out})")
    _scaled(to, step, out)


def _mean_product(to: Operands, step: Step, out: str) -> None:
    w, x = (to.samples_last(each.lanes) for each in step.operands)
    to.call(f"matmul({w}, {x}.T, out={out})")
    _scaled(to, step, out)


def _mean_pairs(to: Operands, step: Step, out: str) -> None:
    w, x = step.operands
    t = to.temporary(x.shape, True)
    to.call(f"multiply({to.expression(w, True)}, {to.expression(x, True)}, out={t})")
    to.call(f"add.reduce({t}, axis=(0, -1), out={out})")
    _scaled(to, step, out)


def _lift(to: Operands, step: Step, out: str) -> None:
    to.call(f"copyto({out}, {to.expression(step.operands[0], True)})")


def _scaled(to: Operands, step: Step, out: str) -> None:
    if step.results is None:
        to.call(f"multiply({out}, scale, out={out})")


FORMS: dict[str, Callable[[Operands, Step, str], None]] = {
    "map": _map,
    "reduce": _reduce,
    "product": _product,
    "pairs": _pairs,
    "mean": _mean,
    "mean_product": _mean_product,
    "mean_pairs": _mean_pairs,
    "lift": _lift,
}


def _row_of(operand: Operand, i: int) -> Operand:
    """One of the pairs or stacked operands."""
    return operand.with_table(operand.table[i])


def _first_column(operand: Operand) -> Operand:
    return operand.with_table(operand.table[:, 0])
