"""Turn text into machine code in memory. The only module that imports llvmlite."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import math
import os
from collections import deque
from collections.abc import Mapping, Sequence
from functools import lru_cache
from threading import RLock
from typing import Any
from weakref import WeakValueDictionary

from autograd.compiler.cache.objects import object_code
from autograd.compiler.llvm.objects import are_as_in_c
from autograd.errors import CompileError
from autograd.recording import alone

# Level 0 takes time linear in the length of a function and a tenth of level 2; straight-line code gains little by more.
STRAIGHT, KERNELS, LOOPS = 0, 1, 2
VECTOR_BYTES = {"avx512f": 64, "avx": 32}  # widest first; else 16: SSE2, NEON
_lock = RLock()
_one_at_a_time = alone(_lock)
if hasattr(os, "register_at_fork"):  # no fork while another thread compiles: the child would wait for it forever
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


@lru_cache(maxsize=1)
def binding() -> Any:
    """llvmlite, ready to generate code for this machine; CompileError where it is not installed."""
    try:
        llvm = importlib.import_module("llvmlite.binding")
    except ImportError as error:
        raise CompileError(
            "the back end 'llvm' needs llvmlite: pip install 'scalar-autograd[llvm]', or choose another backend="
        ) from error
    if not are_as_in_c():
        raise CompileError(
            "the back end 'llvm' needs CPython, whose arrays machine code can read; choose another backend="
        )
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def is_loaded() -> bool:
    """Whether anything has asked for llvmlite in this process, which takes a tenth of a second."""
    return binding.cache_info().currsize > 0


@lru_cache(maxsize=1)
def vector_bytes() -> int:
    """How many bytes a vector register of this machine has.

    >>> vector_bytes() in (16, 32, 64)
    True
    """
    features = binding().get_host_cpu_features()
    return next((size for name, size in VECTOR_BYTES.items() if features.get(name)), 16)


@lru_cache(maxsize=1)
def vector_registers() -> int:
    """How many vector registers this machine has: 32 with AVX-512 and on ARM, 16 on other x86 processors.

    >>> vector_registers() in (16, 32)
    True
    """
    is_x86 = binding().get_default_triple().startswith(("x86_64", "i686", "i386", "amd64"))
    return 16 if is_x86 and vector_bytes() < VECTOR_BYTES["avx512f"] else 32


@lru_cache(maxsize=1)
def has_scaling() -> bool:
    """Whether this machine multiplies vectors of all widths by powers of two in one instruction (AVX-512)."""
    features = binding().get_host_cpu_features()
    return all(features.get(name) for name in ("avx512f", "avx512vl"))


@lru_cache(maxsize=1)
def has_gathering() -> bool:
    """Whether this machine reads numbers from places that a vector holds faster than one after the other (AVX-512)."""
    return vector_bytes() == max(VECTOR_BYTES.values())


@lru_cache(maxsize=1)
def has_fma() -> bool:
    """Whether this machine is known to compute x y + z in one rounding without a call."""
    return bool(binding().get_host_cpu_features().get("fma"))


def add_symbols(symbols: Mapping[str, int]) -> None:
    """Make addresses known to everything that is compiled from now on."""
    for name, address in symbols.items():
        binding().add_symbol(name, address)


class Machine:
    """The machine code of some texts; functions are found by name, and live as long as this object."""

    def __init__(self, texts: Sequence[str], level: int) -> None:
        llvm = binding()
        with _one_at_a_time:
            self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _new_target(level))
            for text in texts:
                # An object file at a time: the text's parsed form, many times larger, is dropped at once.
                code = _object_code(text, level)
                self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function of the texts begins."""
        with _one_at_a_time:
            return int(self._engine.get_function_address(name))

    def function(self, name: str, result: Any, *arguments: Any) -> Any:
        """A function of the texts as something Python calls; keep this object alive meanwhile."""
        return ctypes.CFUNCTYPE(result, *arguments)(self.address(name))


def _new_target(level: int) -> Any:
    cpu, features = _this_cpu()
    target = binding().Target.from_default_triple()
    return target.create_target_machine(cpu=cpu, features=features, opt=level, jit=True, codemodel="jitdefault")


def _object_code(text: str, level: int) -> bytes:
    """The object file of a text: from the cache, if there is one and it is there."""
    llvm = binding()
    version = importlib.import_module("llvmlite").__version__, str(llvm.llvm_version_info)
    target = str(level), *_this_cpu(), llvm.get_default_triple(), *version
    return object_code((text, *target), lambda: _target(level).emit_object(llvm.parse_assembly(text)))


_target = lru_cache(maxsize=3)(_new_target)  # to make object files; an engine wants one of its own


@lru_cache(maxsize=1)
def _this_cpu() -> tuple[str, str]:
    return binding().get_host_cpu_name(), binding().get_host_cpu_features().flatten()


_machines: WeakValueDictionary[tuple[int, tuple[str, ...]], Machine] = WeakValueDictionary()


def machine(texts: Sequence[str], level: int = STRAIGHT) -> Machine:
    """The machine code of some texts; equal texts share it while one of them is in use."""
    key = (level, tuple(texts))
    with _one_at_a_time:
        found = _machines.get(key)
        if found is None:
            _machines[key] = found = Machine(texts, level)
        return found


@lru_cache(maxsize=1)
def c_library() -> Any:
    """The C library's mathematics: what Python's `math` calls."""
    names = (None, ctypes.util.find_library("m")) if os.name != "nt" else ("ucrtbase",)
    for name in names:
        library = ctypes.CDLL(name)
        if hasattr(library, "erfc"):
            return library
    raise CompileError("the C library's mathematical functions were not found; choose another backend=")


def c_address(name: str) -> int:
    """Where a function of the C library begins.

    >>> ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(c_address("exp"))(0.0)
    1.0
    """
    address = ctypes.cast(getattr(c_library(), name), ctypes.c_void_p).value
    if not address:
        raise CompileError(f"the C library has no {name!r}; choose another backend=")
    return math.trunc(address)


class Kernel:
    """The machine code of a text that defines one function, `kernel`."""

    def __init__(self, machine: Machine, address: int) -> None:
        self._machine = machine  # keeps the code
        self.address = address


_kernels: WeakValueDictionary[tuple[str, int], Kernel] = WeakValueDictionary()
_recent: deque[Kernel] = deque(maxlen=256)  # kept for programs to come, though those that they were made for are gone


def kernels(texts: Sequence[tuple[str, int]]) -> list[Kernel]:
    """The machine code of texts that each define `kernel`, at a level each; what nobody has is compiled in one go.

    The functions that they call have to be there: see `Library.compile`.
    """
    with _one_at_a_time:
        found = {each: kernel for each in texts if (kernel := _kernels.get(each)) is not None}
        for level in sorted({level for _, level in texts}):
            missing = [text for text, of in texts if of == level and (text, of) not in found]
            if missing:
                made = Machine([_together(missing)], level)
                for i, text in enumerate(missing):
                    found[text, level] = _kernels[text, level] = Kernel(made, made.address(f"kernel{i}"))
                    _recent.append(found[text, level])
        return [found[each] for each in texts]


def _together(texts: Sequence[str]) -> str:
    """One text of several that each define `kernel`."""
    declared: dict[str, None] = {}
    bodies = []
    for i, text in enumerate(texts):
        head, _, body = text.partition("define ")
        declared |= dict.fromkeys(head.splitlines())
        bodies.append("define " + body.replace("@kernel(", f"@kernel{i}(", 1))
    return "\n".join([*declared, *bodies])
