"""A table of expressions that lose digits, each with an equivalent one that does not.

The first row that matches around the culprit, and covers it, is the remedy. Sources: R. W. Hamming, Numerical Methods
for Scientists and Engineers (1973), ch. 3; D. Goldberg, ACM Computing Surveys 23 (1991), 1.4; W. Kahan, "Miscalculating
area and angles of a needle-like triangle" (1999); N. J. Higham, Accuracy and Stability (2002), ch. 1 and 2; M. Mächler
(2012).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite

from autograd import origin
from autograd.check.formatting import call
from autograd.node_names import known_names
from autograd.precision.patterns import Match, Operand, first_match, plain, square_root, terms
from autograd.value import Value

NEAR = 3  # operations around the culprit that are looked at, in both directions
LONGEST = 40  # characters of an operand that are still written out
SERIES = "the first terms of its series where x is small"

REMEDIES: Sequence[tuple[str, str]] = (
    ("log(1 + exp(x))", "softplus(x)"),
    ("log(1 - exp(-x))", "log1mexp(x)"),
    ("log(1 - exp(x))", "log1mexp(-x)"),
    ("log(1 - sigmoid(x))", "log_sigmoid(-x)"),
    ("log(sigmoid(x))", "log_sigmoid(x)"),
    ("log(exp(x)/y)", "x - log(y), with log(y) by logsumexp; or take log_softmax of the list"),
    ("log(1 + x) - x", f"log1p(x) - x, and {SERIES}: -x**2/2 + x**3/3"),
    ("x - log(1 + x)", f"x - log1p(x), and {SERIES}: x**2/2 - x**3/3"),
    ("log(x) - log(y)", "log1p((x - y)/y)"),
    ("log((1 + x)/(1 - x))", "2*atanh(x)"),
    ("log((1 - x)/(1 + x))", "-2*atanh(x)"),
    ("log(1 + x)", "log1p(x)"),
    ("log(1 - x)", "log1p(-x)"),
    ("log(x/y)", "log1p((x - y)/y)"),
    ("log(x + sqrt(x**2 + 1))", "asinh(x)"),
    ("log(x + sqrt(x**2 - 1))", "acosh(x)"),
    ("exp(x) - 2 + exp(-x)", "4*sinh(x/2)**2"),
    ("exp(x) - exp(-x)", "2*sinh(x)"),
    ("exp(x) - 1 - x", f"{SERIES}: x**2/2 + x**3/6"),
    ("exp(x) - x - 1", f"{SERIES}: x**2/2 + x**3/6"),
    ("exp(x) - (1 + x)", f"{SERIES}: x**2/2 + x**3/6"),
    ("exp(x) - exp(y)", "exp(y)*expm1(x - y)"),
    ("exp(x) - 1", "expm1(x)"),
    ("1 - exp(x)", "-expm1(x)"),
    ("(1 + x)**y - 1", "expm1(y*log1p(x))"),
    ("y**x - 1", "expm1(x*log(y))"),
    ("1 - y**x", "-expm1(x*log(y))"),
    ("(1 - cos(x))/sin(x)", "tan(x/2)"),
    ("1 - cos(x)**2", "sin(x)**2"),
    ("1 - sin(x)**2", "cos(x)**2"),
    ("1 - tanh(x)**2", "1/cosh(x)**2"),
    ("1 - tanh(x)", "2*sigmoid(-2*x)"),
    ("1 - sigmoid(x)", "sigmoid(-x)"),
    ("1 - erf(x)", "2*PRIMITIVES['normal_cdf'](-sqrt(2)*x)"),
    ("1 - cos(x)", "-cosm1(x)"),
    ("cos(x) - 1", "cosm1(x)"),
    ("cosh(x) - 1", "2*sinh(x/2)**2"),
    ("cosh(x) - sinh(x)", "exp(-x)"),
    ("sin(x)/x", "sinc(x/pi)"),
    ("tan(x) - sin(x)", "-tan(x)*cosm1(x)"),
    ("x - sin(x)", f"{SERIES}: x**3/6 - x**5/120"),
    ("sin(x) - x", f"{SERIES}: x**5/120 - x**3/6"),
    ("tan(x) - x", f"{SERIES}: x**3/3 + 2*x**5/15"),
    ("x - tan(x)", f"{SERIES}: -x**3/3 - 2*x**5/15"),
    ("sin(x) - sin(y)", "2*cos((x + y)/2)*sin((x - y)/2), with x - y computed directly"),
    ("cos(x) - cos(y)", "-2*sin((x + y)/2)*sin((x - y)/2), with x - y computed directly"),
    ("tan(x) - tan(y)", "sin(x - y)/(cos(x)*cos(y)), with x - y computed directly"),
    ("atan(x) - atan(y)", "atan2(x - y, 1 + x*y)"),
    ("cbrt(x) - cbrt(y)", "(x - y)/(cbrt(x)**2 + cbrt(x)*cbrt(y) + cbrt(y)**2), with x - y computed directly"),
    ("x**2 - y**2", "(x - y)*(x + y)"),
    ("x**n - y**n", "y**n*expm1(n*log1p((x - y)/y)), with x - y computed directly"),
    ("sqrt(1 + x) - 1", "x/(sqrt(1 + x) + 1)"),
    ("sqrt(1 - x) - 1", "-x/(sqrt(1 - x) + 1)"),
    ("1 - sqrt(1 - x)", "x/(1 + sqrt(1 - x))"),
    ("sqrt(x**2 - y) - x", "-y/(sqrt(x**2 - y) + x)"),
    ("sqrt(x**2 + y) - x", "y/(sqrt(x**2 + y) + x)"),
    ("x - sqrt(x**2 - y)", "y/(x + sqrt(x**2 - y))"),
    ("x - sqrt(x**2 + y)", "-y/(x + sqrt(x**2 + y))"),
    ("-x - sqrt(x**2 - y)", "y/(sqrt(x**2 - y) - x)"),
    ("sqrt(x) - sqrt(y)", "(x - y)/(sqrt(x) + sqrt(y)), with x - y computed directly"),
    ("x - sqrt(y)", "(x**2 - y)/(x + sqrt(y)), with x**2 - y computed directly"),
    ("sqrt(x) - y", "(x - y**2)/(sqrt(x) + y), with x - y**2 computed directly"),
    ("x + y - y", "x"),
    ("1/(x + 1) - 2/x + 1/(x - 1)", "2/(x*(x**2 - 1))"),
    ("1/x - 1/y", "(y - x)/(x*y), with y - x computed directly"),
    ("sqrt(1 - x**2)", "sqrt((1 - x)*(1 + x))"),
    ("1 - x**2", "(1 - x)*(1 + x)"),
    ("x**2 - 1", "(x - 1)*(x + 1)"),
    ("(1 + x)**y", "exp(y*log1p(x))"),
    ("(1 - x)**y", "exp(y*log1p(-x))"),
    ("sqrt(y*(y - a)*(y - b)*(y - c))", "Kahan's sqrt((a+(b+c))*(c-(a-b))*(c+(a-b))*(a+(b-c)))/4, with a >= b >= c"),
    ("acos(x)", "2*asin(sqrt((1 - x)/2)), with 1 - x computed directly"),
    ("asin(x)", "atan2(x, sqrt((1 - x)*(1 + x))), with 1 - x computed directly"),
    ("log(x)", "log1p(x - 1), with x - 1 computed directly"),
)
# Where a result is infinite or nan that need not be.
NOT_FINITE: Sequence[tuple[str, str]] = (("x*log(y)", "xlogy(x, y)"), ("cbrt(x)", "cbrt(x)"))


def _is_op(x: Operand, op: str) -> bool:
    return isinstance(x, Value) and x.op == op


def _log_of_a_sum(node: Value) -> Iterator[tuple[Match, str]]:
    """ln(eˣ + eʸ + …)."""
    if node.op == "log":
        found, nodes = terms(node.operands[0])
        if len(found) > 1 and all(_is_op(each, "exp") for each in found):
            names = {letter: each.operands[0] for letter, each in zip("xy", found, strict=False)}  # type: ignore[union-attr]
            exps = frozenset(each for each in found if isinstance(each, Value))
            yield (
                Match(names, nodes | exps | {node}),
                "logaddexp(x, y)" if len(found) == 2 else "logsumexp of the list of exponents",
            )


def _root_of_squares(node: Value) -> Iterator[tuple[Match, str]]:
    """√(x² + y² + …)."""
    if node.op == "sqrt" or (node.op == "pow" and node.operands[1] == 0.5):
        found, nodes = terms(node.operands[0])
        roots = [square_root(each) for each in found]
        if len(found) > 1 and None not in roots:
            names = {letter: root for letter, root in zip("xy", roots, strict=False) if root is not None}
            squares = frozenset(each for each in found if isinstance(each, Value))
            remedy = "hypot(x, y)" if len(found) == 2 else "hypot of the numbers, or norm of their list"
            yield Match(names, nodes | squares | {node}), remedy


def _mean_of_squares(node: Value) -> Iterator[tuple[Match, str]]:
    """E[x²] − E[x]², and the same with sums."""
    if node.op != "sub":
        return
    left, right = node.operands
    squares, _ = terms(_unscaled(left))
    mean = square_root(_unscaled(right))
    if len(squares) > 1 and mean is not None and all(square_root(each) is not None for each in squares):
        inside = frozenset(_between(node, [each for each in _roots(squares) if isinstance(each, Value)]))
        yield Match({}, inside), "mean([(x - m)**2 for x in xs]) with m = mean(xs), or std(xs)**2"


def _roots(squares: Sequence[Operand]) -> list[Operand | None]:
    return [square_root(each) for each in squares]


def _between(node: Value, ends: Sequence[Value]) -> Iterator[Value]:
    """A node and what it was computed from, down to `ends`."""
    seen, waiting = set(ends), [node]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            yield each
            waiting += [x for x in each.operands if isinstance(x, Value)]


def _unscaled(x: Operand) -> Operand:
    """x without a factor or divisor that is a plain number."""
    x = plain(x)
    while isinstance(x, Value) and x.op in ("mul", "div"):
        kept = [each for each in x.operands if isinstance(each, Value)]
        if len(kept) != 1 or (x.op == "div" and kept[0] is not x.operands[0]):
            break
        x = plain(kept[0])
    return x


ANY_NUMBER: Sequence[Callable[[Value], Iterator[tuple[Match, str]]]] = (
    _log_of_a_sum,
    _root_of_squares,
    _mean_of_squares,
)


def remedy(culprit: Value, nodes: Iterable[Value]) -> str:
    """What to write instead of what is around the culprit, one of the `nodes` of a graph; '' for nothing known.

    >>> from autograd import log
    >>> x = Value(1e-10, label="x")
    >>> y = log(1.0 + x)
    >>> remedy(y, [x, y.parents[0], y])
    'log1p(x)'
    """
    around = _neighbours(culprit, nodes)
    for find in ANY_NUMBER:
        for node in around:
            for found, text in find(node):
                if culprit in found.nodes:
                    return filled(text, found.names)
    for pattern, text in REMEDIES if isfinite(culprit.data) else (*NOT_FINITE, *REMEDIES):
        for node in around:
            match = first_match(pattern, node)
            if match is not None and culprit in match.nodes:
                return filled(text, match.names)
    return ""


def _neighbours(culprit: Value, nodes: Iterable[Value]) -> list[Value]:
    """The culprit and, nearest first, what was computed from it."""
    consumers: dict[Value, list[Value]] = {}
    for node in nodes:
        for operand in node.operands:
            if isinstance(operand, Value):
                consumers.setdefault(operand, []).append(node)
    found, edge = {culprit: None}, [culprit]
    for _ in range(2 * NEAR):
        edge = [user for node in edge for user in consumers.get(node, ()) if user not in found]
        found |= dict.fromkeys(edge)
    return list(found)


# --- as text ----------------------------------------------------------------------------------------------------------


def filled(text: str, names: Mapping[str, Operand]) -> str:
    """A remedy with what its names stand for; as it stands where that would be too long to read.

    >>> filled("log1p(x)", {"x": 0.5}), filled("x**2", {"x": -1.0})
    ('log1p(0.5)', '(-1)**2')
    """
    written = {name: spelled(x) for name, x in names.items()}
    if not all(0 < len(each) <= LONGEST for each in written.values()):
        return text
    return re.sub(r"(?<![\w.'])([a-zA-Z])\b(?![\w('])", lambda found: _inside(text, found, written), text)


def _inside(text: str, found: re.Match[str], written: Mapping[str, str]) -> str:
    new = written.get(found[1], found[1])
    alone = text[found.start() - 1 : found.start()] in ("(", "") and text[found.end() : found.end() + 1] in (
        ")",
        "",
        ",",
    )
    return new if alone or re.fullmatch(r"[\w.]+|\d[\w.]*e[+-]?\d+|[\w.]+\([^()]*\)", new) else f"({new})"


def spelled(x: Operand) -> str:
    """An operand as its label, its name, its source or, where there is none, its operation; '' for who knows what."""
    if not isinstance(x, Value):
        return f"{x:g}" if x == float(f"{x:g}") else repr(x)
    place = origin.position(x)
    text = known_names([x]).get(x) or (place.text if place else "")
    if text or x.primitive is None:
        return " ".join(text.split())
    if len(x.operands) > 2 or any(isinstance(each, Value) and not each.label for each in x.operands):
        return ""
    return call(x.op, [spelled(each) for each in x.operands])
