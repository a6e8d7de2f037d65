"""What runs a program's kernels, in machine code: entries one after the other, guards, blocks of samples.

An entry is a kernel and its descriptor. The functions take blocks of integers, addresses and counts, in the order of
`SHARED` and `BLOCKS`. One set for each kind of number, compiled once. The arrays of a call are given as objects, which
machine code asks where their numbers are (objects.py): NumPy takes as long to say so as a small program.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from autograd.compiler.llvm.copies import copies_text
from autograd.compiler.llvm.direct_text import STATE
from autograd.compiler.llvm.engine import LOOPS, Machine, machine
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.samples import PIECE, RUN

# `inputs` is an array whose numbers become the first in "s". The `entries` run, and `guards` are asked: (relation,
# left, right, outcome) with places in "s"; `answer` is the first that does not hold, or −1. Then `block` runs, if there
# is one: the arguments of `BLOCKS`, whose sums become means; other means are given as an array. Some of them go from
# `slots` to `places` in "s". The `after_entries` run, and numbers of "s" from `first_output` on go to `result`.
SHARED = (
    *("s", "inputs", "input_count", "entries", "count", "guards", "guard_count", "answer", "block"),
    *("means", "places", "slots", "mean_count", "after_entries", "after_count"),
    *("first_output", "output_count", "result"),
)
# Samples from `first` up to `last`, `stride` at a time; a lane has room for `room` numbers. Blocks are filled to a
# multiple of `unit` samples, and what is added up, lanes of `cleared`, is 0 there. `pieces` and `runs` say where they
# are in `objects` (samples.py). `state` gets what kernels ask of a block, then the runs. The array `g` gets so many
# `sums`. `outputs` are lanes, given as numbers for each sample in the array `target`.
BLOCKS = (
    *("s", "f", "g", "sums", "entries", "count", "means", "mean_count", "cleared", "cleared_count"),
    *("objects", "pieces", "piece_count", "runs", "run_count", "state", "first", "last", "stride", "room", "unit"),
    *("outputs", "output_count", "target"),
)
POINTERS = frozenset(
    [
        *("s", "f", "g", "inputs", "entries", "guards", "block", "places", "slots", "after_entries", "result"),
        *("means", "cleared", "objects", "pieces", "runs", "state", "outputs", "target"),
    ]
)
RELATIONS = ("<", "<=", ">", ">=", "==", "same", "truth")
_COMPARED = ("olt", "ole", "ogt", "oge", "oeq", "oeq", "une")


@lru_cache(maxsize=4)
def steps_driver(kind: Kind) -> Machine:
    """The machine code for numbers of a kind."""
    return machine([driver_text(kind)], LOOPS)


def driver_text(kind: Kind) -> str:
    """The source of `steps_driver(kind)`."""
    of_shared = (_entries, _guards, _shared, _set_means, _after)
    of_blocks = (_gather, _gather_all, _point, _clear, _scatter, _blocks, _sampled, _program)
    return "\n".join([copies_text(kind), *[str(function(kind)) for function in (*of_shared, *of_blocks)]])


def _taking(kind: Kind, name: str, arguments: Sequence[str]) -> tuple[FunctionText, dict[str, str]]:
    f = FunctionText(kind, name, "ptr %arguments", linkage="")
    return f, {each: f.load("ptr" if each in POINTERS else "i64", "%arguments", i) for i, each in enumerate(arguments)}


def _entries(kind: Kind) -> FunctionText:
    f = FunctionText(kind, "entries", "ptr %e, i64 %count, ptr %s, ptr %f, ptr %g, i64 %n")
    f.return_if("icmp eq i64 %count, 0")
    with f.loop("%count") as i:
        at = f.do(f"mul i64 {i}, 2")
        function = f.load("ptr", "%e", at)
        descriptor = f.load("ptr", "%e", f.do(f"add i64 {at}, 1"))
        f.add(f"call void {function}(ptr %s, ptr %f, ptr %g, ptr {descriptor}, i64 %n)")
    return f


def _guards(kind: Kind) -> FunctionText:
    f = FunctionText(kind, "guards", "ptr %s, ptr %guards, i64 %count, ptr %answer")
    f.add("store i64 -1, ptr %answer")
    f.return_if("icmp eq i64 %count, 0")
    number, bits = kind.number, f"i{8 * kind.bytes}"
    with f.loop("%count") as i:
        found = f.carry("i64", -1)
        at = f.at("i64", "%guards", f.do(f"mul i64 {i}, 4"))
        relation, outcome = f.load("i64", at, 0), f.load("i64", at, 3)
        x, y = (f.load(number, "%s", f.load("i64", at, side)) for side in (1, 2))
        holds = "0"
        for code, compared in enumerate(_COMPARED):
            flag = f.do(f"fcmp {compared} {number} {x}, {'0.0' if compared == 'une' else y}")
            if RELATIONS[code] == "same":
                left, right = (f.do(f"bitcast {number} {each} to {bits}") for each in (x, y))
                flag = f.do(f"and i1 {flag}, {f.do(f'icmp eq {bits} {left}, {right}')}")
            is_asked = f.do(f"icmp eq i64 {relation}, {code}")
            holds = f.do(f"select i1 {is_asked}, i64 {f.do(f'zext i1 {flag} to i64')}, i64 {holds}")
        fails = f.do(f"and i1 {f.do(f'icmp ne i64 {holds}, {outcome}')}, {f.do(f'icmp slt i64 {found}, 0')}")
        first = f.do(f"select i1 {fails}, i64 {i}, i64 {found}")
        f.pass_on(found, first)
    f.add(f"store i64 {first}, ptr %answer")
    return f


def _shared(kind: Kind) -> FunctionText:
    """Run the entries on shared numbers, then ask the guards."""
    f, a = _taking(kind, "shared", SHARED)
    f.add(f"call void @take(ptr {f.numbers(a['inputs'])}, ptr {a['s']}, i64 {a['input_count']})")
    f.add(f"call void @entries(ptr {a['entries']}, i64 {a['count']}, ptr {a['s']}, ptr null, ptr null, i64 0)")
    answer = f.at("i64", "%arguments", SHARED.index("answer"))
    f.add(f"call void @guards(ptr {a['s']}, ptr {a['guards']}, i64 {a['guard_count']}, ptr {answer})")
    return f


def _set_means(kind: Kind) -> FunctionText:
    """Put means among the shared numbers."""
    f = FunctionText(kind, "set_means", "ptr %s, ptr %places, ptr %slots, i64 %count, ptr %array")
    f.return_if("icmp eq i64 %count, 0")
    means = f.numbers("%array")
    with f.loop("%count") as i:
        mean = f.load("double", means, f.load("i64", "%slots", i))
        mean = f.do(f"fptrunc double {mean} to float") if kind.single else mean
        f.store(kind.number, mean, "%s", f.load("i64", "%places", i))
    return f


def _after(kind: Kind) -> FunctionText:
    """What depends on means, and then the outputs."""
    f, a = _taking(kind, "after", SHARED)
    f.add(
        f"call void @set_means(ptr {a['s']}, ptr {a['places']}, ptr {a['slots']}, i64 {a['mean_count']}, "
        f"ptr {a['means']})"
    )
    entries = f"ptr {a['after_entries']}, i64 {a['after_count']}"
    f.add(f"call void @entries({entries}, ptr {a['s']}, ptr null, ptr null, i64 0)")
    numbers = f.at(kind.number, a["s"], a["first_output"])
    f.add(f"call void @give(ptr {numbers}, ptr {f.numbers(a['result'])}, i64 {a['output_count']})")
    return f


# --- blocks of samples ------------------------------------------------------------------------------------------------


def _gather(kind: Kind) -> FunctionText:
    """The samples of one piece, a lane for each column; what is beyond the last sample is a copy of it."""
    arguments = "ptr %piece, ptr %objects, i64 %first, i64 %live, i64 %n, i64 %room, ptr %whole"
    f = FunctionText(kind, "gather", arguments)
    number, offset, by_row, by_column, columns, to = [f.load("i64", "%piece", i) for i in range(len(PIECE))]
    begin = f.at("i8", f.numbers(f.load("ptr", "%objects", number)), offset)
    f.add(f"%frame = getelementptr {kind.number}, ptr %whole, i64 {f.do(f'mul i64 {to}, %room')}")
    start = f.at("i8", begin, f.do(f"mul i64 %first, {by_row}"))
    last = f.do("sub i64 %live, 1")
    f.return_if(f"icmp eq i64 {columns}, 0")
    with f.loop(columns) as i:
        column = f.at("i8", start, f.do(f"mul i64 {i}, {by_column}"))
        lane = f.at(kind.number, "%frame", f.do(f"mul i64 {i}, %room"))
        with f.loop("%n") as t:
            row = f.do(f"select i1 {f.do(f'icmp slt i64 {t}, {last}')}, i64 {t}, i64 {last}")
            number = f.do(f"load double, ptr {f.at('i8', column, f.do(f'mul i64 {row}, {by_row}'))}, align 1")
            f.store(kind.number, f.do(f"fptrunc double {number} to float") if kind.single else number, lane, t)
    return f


def _gather_all(kind: Kind) -> FunctionText:
    samples = "i64 %first, i64 %live, i64 %n, i64 %room, ptr %frame"
    f = FunctionText(kind, "gather_all", f"ptr %pieces, i64 %count, ptr %objects, {samples}")
    f.return_if("icmp eq i64 %count, 0")
    with f.loop("%count") as i:
        piece = f.at("i64", "%pieces", f.do(f"mul i64 {i}, {len(PIECE)}"))
        f.add(f"call void @gather(ptr {piece}, ptr %objects, {samples})")
    return f


def _point(kind: Kind) -> FunctionText:
    """Say where the runs are, in the state."""
    f = FunctionText(kind, "point", "ptr %runs, i64 %count, ptr %objects, ptr %state")
    f.return_if("icmp eq i64 %count, 0")
    with f.loop("%count") as i:
        run = f.at("i64", "%runs", f.do(f"mul i64 {i}, {len(RUN)}"))
        number, offset, step = [f.load("i64", run, j) for j in range(len(RUN))]
        place = f.do(f"add i64 {f.do(f'mul i64 {i}, 2')}, {len(STATE)}")
        f.store("ptr", f.at("i8", f.numbers(f.load("ptr", "%objects", number)), offset), "%state", place)
        f.store("i64", step, "%state", f.do(f"add i64 {place}, 1"))
    return f


def _clear(kind: Kind) -> FunctionText:
    """Set lanes to 0 where there is no sample."""
    f = FunctionText(kind, "clear", "ptr %frame, ptr %lanes, i64 %count, i64 %live, i64 %n")
    f.return_if("icmp eq i64 %live, %n")
    f.return_if("icmp eq i64 %count, 0")
    with f.loop("%count") as i:
        lane = f.at(kind.number, "%frame", f.load("i64", "%lanes", i))
        with f.loop("%n", "%live") as t:
            f.store(kind.number, "0.0", lane, t)
    return f


def _scatter(kind: Kind) -> FunctionText:
    """Lanes as rows of numbers, one row for each sample."""
    f = FunctionText(kind, "scatter", "ptr %frame, ptr %lanes, i64 %count, i64 %first, i64 %live, ptr %array")
    f.return_if("icmp eq i64 %count, 0")
    target = f.numbers("%array")
    with f.loop("%live") as t:
        row = f.at("double", target, f.do(f"mul i64 {f.do(f'add i64 %first, {t}')}, %count"))
        with f.loop("%count") as i:
            number = f.load(kind.number, "%frame", f.do(f"add i64 {f.load('i64', '%lanes', i)}, {t}"))
            f.store("double", f.do(f"fpext float {number} to double") if kind.single else number, row, i)
    return f


def _blocks(kind: Kind) -> FunctionText:
    """All samples, block by block."""
    f, a = _taking(kind, "blocks", BLOCKS)
    f.add(f"call void @point(ptr {a['runs']}, i64 {a['run_count']}, ptr {a['objects']}, ptr {a['state']})")
    g = f.numbers(a["g"])
    f.add(f"call void @zero(ptr {g}, i64 {a['sums']})")
    frames = f"ptr {a['s']}, ptr {a['f']}, ptr {g}"
    with f.loop(a["last"], a["first"]) as begin:
        left = f.do(f"sub i64 {a['last']}, {begin}")
        is_short = f.do(f"icmp slt i64 {left}, {a['stride']}")
        live = f.do(f"select i1 {is_short}, i64 {left}, i64 {a['stride']}")
        f.pass_on(begin, f.do(f"add i64 {begin}, {live}"))
        units = f.do(f"udiv i64 {f.do(f'add i64 {live}, ' + f.do('sub i64 ' + a['unit'] + ', 1'))}, {a['unit']}")
        n = f.do(f"mul i64 {units}, {a['unit']}")
        f.store("i64", begin, a["state"], 0)
        f.store("i64", live, a["state"], 1)
        pieces = f"ptr {a['pieces']}, i64 {a['piece_count']}, ptr {a['objects']}"
        f.add(f"call void @gather_all({pieces}, i64 {begin}, i64 {live}, i64 {n}, i64 {a['room']}, ptr {a['f']})")
        f.add(f"call void @entries(ptr {a['entries']}, i64 {a['count']}, {frames}, i64 {n})")
        cleared = f"ptr {a['cleared']}, i64 {a['cleared_count']}"
        f.add(f"call void @clear(ptr {a['f']}, {cleared}, i64 {live}, i64 {n})")
        f.add(f"call void @entries(ptr {a['means']}, i64 {a['mean_count']}, {frames}, i64 {n})")
        results = f"ptr {a['outputs']}, i64 {a['output_count']}, i64 {begin}, i64 {live}, ptr {a['target']}"
        f.add(f"call void @scatter(ptr {a['f']}, {results})")
    return f


# --- all of it -------------------------------------------------------------------------------------------------------


def _sampled(kind: Kind) -> FunctionText:
    """All samples by one thread, if there are samples."""
    f, a = _taking(kind, "sampled", SHARED)
    f.return_if(f"icmp eq ptr {a['block']}, null")
    f.add(f"call void @blocks(ptr {a['block']})")
    wanted = {"g": "ptr", "sums": "i64", "first": "i64", "last": "i64"}
    g, sums, first, last = (f.load(of, a["block"], BLOCKS.index(name)) for name, of in wanted.items())
    by = f.do(f"sitofp i64 {f.do(f'sub i64 {last}, {first}')} to double")
    f.add(f"call void @divide(ptr {f.numbers(g)}, double {by}, i64 {sums})")
    f.store("ptr", g, "%arguments", SHARED.index("means"))
    return f


def _program(kind: Kind) -> FunctionText:
    """A run, all by one thread; nothing more once a guard does not hold."""
    f = FunctionText(kind, "program", "ptr %arguments", linkage="")
    f.add("call void @shared(ptr %arguments)")
    f.return_if(f"icmp sge i64 {f.load('i64', '%arguments', SHARED.index('answer'))}, 0")
    f.add("call void @sampled(ptr %arguments)")
    f.add("call void @after(ptr %arguments)")
    return f
