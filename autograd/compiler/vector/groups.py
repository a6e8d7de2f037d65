"""Group equations that can be computed at once: by level, operation, and kind of operands.

A level is one more than that of the latest operand; what only outputs look at comes last, all together. So equations
of one group do not depend on each other, and the parameter gradients of all tokens, layers and samples meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from autograd import rules
from autograd.compiler.chains import NONE
from autograd.compiler.program import Atom
from autograd.compiler.vector.scalars import MEAN, MEAN_DOT, Operation, Scalars
from autograd.primitive import Primitive

CONSTANT, SHARED, BATCHED = range(3)

# Their constants may differ from lane to lane; elsewhere a constant often chooses a faster spelling.
ANY_CONSTANT = {rules.add, rules.sub, rules.mul, rules.div, rules.equal, rules.greater, rules.at_least}
PADDED_AT_MOST = 2.0  # times the number of pairs


@dataclass
class Group:
    """Equations to be computed at once: `places[i]` is `operation` of `operands[i]`.

    A linear group (`pairs` > 0) has dots of that many pairs: `left[i] · right[i] + bias[i]`; shorter ones are padded
    with (0.0, 0.0). `last` says that nothing but outputs looks at it.
    """

    operation: Operation
    batched: bool
    last: bool
    places: list[int] = field(default_factory=list)
    operands: list[tuple[Atom, ...]] = field(default_factory=list)
    left: list[tuple[Atom, ...]] = field(default_factory=list)
    right: list[tuple[Atom, ...]] = field(default_factory=list)
    bias: list[Atom] = field(default_factory=list)
    pairs: int = 0


def levels(given: Scalars) -> tuple[list[int], int]:
    """The level of every place, and the last level, which is for what only outputs look at."""
    level = [0] * given.first
    used = bytearray(len(given.batched))
    for operands in given.operands:
        latest = 0
        for atom in operands:
            if type(atom) is int:
                used[atom] = 1
                if level[atom] > latest:
                    latest = level[atom]
        level.append(latest + 1)
    for guard in given.program.guards:
        for place in guard.places:
            used[given.moved[place]] = 1
    end = max(level, default=0) + 1
    for place in range(given.first, len(level)):
        if not used[place]:
            level[place] = end
    return level, end


def groups(given: Scalars) -> list[Group]:
    """All groups, in an order in which they can be computed."""
    level, end = levels(given)
    found: dict[tuple[object, ...], Group] = {}
    kinds = [SHARED + flag for flag in given.batched]
    for place, (operation, operands) in enumerate(zip(given.operations, given.operands, strict=True), given.first):
        linear = LINEAR[operation](operands) if operation in LINEAR else None
        last = level[place] == end
        batched = bool(given.batched[place])
        if linear is None:
            key: tuple[object, ...] = (level[place], operation, batched, *_kinds(operation, operands, kinds))
            group = found.get(key)
            if group is None:
                group = found[key] = Group(operation, batched, last)
            group.operands.append(operands)
        else:
            (left, right, bias), ends = _oriented(linear, kinds)
            name = MEAN_DOT if operation == MEAN_DOT else "dot"
            key = (level[place], name, batched, *_linear_kinds(left, right, bias, ends, kinds), len(left))
            group = found.get(key)
            if group is None:
                group = found[key] = Group(name, batched, last, pairs=len(left))
            group.left.append(left)
            group.right.append(right)
            group.bias.append(bias)
        group.places.append(place)
    ordered = sorted(found.items(), key=lambda item: (item[0][0], item[1].batched, item[1].places[0]))
    return merged([(key, group) for key, group in ordered])


# --- kinds ------------------------------------------------------------------------------------------------------------


def _kinds(operation: Operation, operands: tuple[Atom, ...], kinds: Sequence[int]) -> list[object]:
    """Which operands are constant, shared or batched; which constants, where they matter."""
    if len(operands) > 3 and isinstance(operation, Primitive) and operation.variadic:
        return [len(operands)]
    by_value = operation not in ANY_CONSTANT
    return [kinds[atom] if type(atom) is int else repr(atom) if by_value else CONSTANT for atom in operands]


Linear = tuple[tuple[Atom, ...], tuple[Atom, ...], Atom]


def _of_dot(operands: tuple[Atom, ...]) -> Linear | None:
    n = len(operands) // 2
    return _with_bias(operands[:n], operands[n:-1], operands[-1]) if n else None


def _of_product(operands: tuple[Atom, ...]) -> Linear | None:
    return None if float in map(type, operands) else (operands[:1], operands[1:], NONE)


def _of_total(operands: tuple[Atom, ...]) -> Linear | None:
    return ((1.0,) * len(operands), operands, 0.0) if operands else None


def _of_mean(operands: tuple[Atom, ...]) -> Linear | None:
    n = len(operands) // 2
    return operands[:n], operands[n:], NONE


# (left, right, bias) of each row that is a sum of products; None for operands with which it is not one.
LINEAR: dict[Operation, Callable[[tuple[Atom, ...]], Linear | None]] = {
    rules.dot: _of_dot,
    rules.mul: _of_product,
    rules.total: _of_total,
    MEAN_DOT: _of_mean,
}


def _with_bias(left: tuple[Atom, ...], right: tuple[Atom, ...], bias: Atom) -> Linear:
    """If there is no bias, a single term as the bias: the last one, unless all terms are single."""
    if type(bias) is int or bias != 0.0 or float not in map(type, left) or int not in map(type, left):
        return left, right, bias
    single = next((i for i, w in enumerate(left) if type(w) is float and w == 1.0), None)
    if single is None or len(left) < 2:
        return left, right, bias
    return left[:single] + left[single + 1 :], right[:single] + right[single + 1 :], right[single]


Ends = tuple[int, int]  # the highest kind on the left and on the right


def _oriented(linear: Linear, kinds: Sequence[int]) -> tuple[Linear, Ends]:
    """Constants left of shared places left of batched ones."""
    left, right, bias = linear
    if len(left) == 1 and type(left[0]) is type(right[0]) is int:
        ends = kinds[left[0]], kinds[right[0]]
        return (linear, ends) if ends[0] <= ends[1] else ((right, left, bias), ends[::-1])
    before = [kinds[atom] if type(atom) is int else CONSTANT for atom in left]
    after = [kinds[atom] if type(atom) is int else CONSTANT for atom in right]
    ends = max(before), max(after)
    if ends[0] <= min(after):
        return linear, ends
    if ends[1] <= min(before):
        return (right, left, bias), ends[::-1]
    pairs = [
        (x, w) if kind_x < kind_w else (w, x) for w, x, kind_w, kind_x in zip(left, right, before, after, strict=True)
    ]
    ends = max(map(min, before, after)), max(map(max, before, after))
    return (tuple([w for w, _ in pairs]), tuple([x for _, x in pairs]), bias), ends


def _linear_kinds(
    left: tuple[Atom, ...], right: tuple[Atom, ...], bias: Atom, ends: Ends, kinds: Sequence[int]
) -> tuple[object, ...]:
    if len(left) == 1 and type(left[0]) is type(right[0]) is int and type(bias) is float and not bias:
        return *ends, None, None
    coefficients: object = None
    if ends[0] == CONSTANT:
        coefficients = 1.0 if left == (1.0,) * len(left) else left if len(left) <= 4 else None
    bias_kind = kinds[bias] if type(bias) is int else repr(bias) if bias else None
    return (*ends, coefficients, bias_kind)


# --- ragged dots ------------------------------------------------------------------------------------------------------


def merged(found: Sequence[tuple[tuple[object, ...], Group]]) -> list[Group]:
    """Dots that differ in the number of pairs only, padded with (0.0, 0.0) where there are three lengths or more."""
    families: dict[tuple[object, ...], list[Group]] = {}
    order: list[list[Group]] = []
    for key, group in found:
        if not group.pairs:
            order.append([group])
            continue
        family = families.setdefault(key[:-1], [])
        if not family:
            order.append(family)
        family.append(group)
    return [group for family in order for group in _padded(family)]


def _padded(family: list[Group]) -> list[Group]:
    if len(family) < 3:
        return family
    family = sorted(family, key=lambda group: -group.pairs)
    result: list[Group] = []
    actual = 0
    for group in family:
        wide = result[-1].pairs if result else 0
        count = len(group.places)
        if result and wide * (len(result[-1].places) + count) <= PADDED_AT_MOST * (actual + group.pairs * count):
            _pad_into(result[-1], group)
            actual += group.pairs * count
        else:
            result.append(group)
            actual = group.pairs * count
    return result


def _pad_into(wide: Group, group: Group) -> None:
    zeros = (0.0,) * (wide.pairs - group.pairs)
    wide.places += group.places
    wide.left += [atoms + zeros for atoms in group.left]
    wide.right += [atoms + zeros for atoms in group.right]
    wide.bias += group.bias


__all__ = ["BATCHED", "CONSTANT", "MEAN", "MEAN_DOT", "SHARED", "Group", "groups", "levels"]
