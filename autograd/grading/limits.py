"""Limits that a process sets for itself before it runs a submission. Imports the standard library alone.

Memory, processor time, size of files: `resource`, where the platform has it. Processes: on Linux a seccomp filter, for
a limit of their number means nothing to root, as whom graders in containers run; elsewhere that limit. The filter also
refuses signals to other processes and writes into their memory.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Iterator

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

LARGEST_FILE = 16 << 20
ALLOW, REFUSE, NO_SUCH_CALL = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
CLONE_THREAD = 0x10000
X32 = 0x40000000  # a second set of numbers for the same calls
# architecture, clone, and what is refused: fork, vfork, kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo,
# pidfd_send_signal, ptrace, process_vm_writev
CALLS = {
    "x86_64": (0xC000003E, 56, (57, 58, 62, 200, 234, 129, 297, 424, 101, 311)),
    "aarch64": (0xC00000B7, 220, (129, 130, 131, 138, 240, 424, 117, 271)),
}
CLONE3 = 435  # its flags are in memory, where a filter cannot look; libraries then take clone


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def apply(memory: int, seconds: int, address_space: bool = True) -> list[str]:
    """Set the limits, and name those that this platform does not have.

    `memory` is in bytes. Without `address_space` only what is written to counts: other languages reserve much more.
    """
    if resource is None:
        return ["memory", "processor time", "processes", "file size"]
    missing = []
    rows = [
        ("memory", resource.RLIMIT_AS if address_space else resource.RLIMIT_DATA, memory),
        ("processor time", resource.RLIMIT_CPU, seconds),
        ("file size", resource.RLIMIT_FSIZE, LARGEST_FILE),
        ("core dumps", resource.RLIMIT_CORE, 0),
    ]
    if not _forbid_processes():
        rows.append(("processes", resource.RLIMIT_NPROC, 0))
        missing += ["processes"] if os.getuid() == 0 else []
    for name, which, most in rows:
        try:
            resource.setrlimit(which, (most, most))
        except (OSError, ValueError):
            missing.append(name)
    return missing


def _instructions(architecture: int, clone: int, refused: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    yield LOAD, 0, 0, 4  # the architecture
    yield EQUAL, 1, 0, architecture
    yield RETURN, 0, 0, REFUSE
    yield LOAD, 0, 0, 0  # the number of the call
    yield AT_LEAST, 0, 1, X32
    yield RETURN, 0, 0, REFUSE
    yield EQUAL, 0, 1, CLONE3
    yield RETURN, 0, 0, NO_SUCH_CALL
    for number in refused:
        yield EQUAL, 0, 1, number
        yield RETURN, 0, 0, REFUSE
    yield EQUAL, 0, 3, clone
    yield LOAD, 0, 0, 16  # its flags: threads are allowed
    yield ANY_BIT, 1, 0, CLONE_THREAD
    yield RETURN, 0, 0, REFUSE
    yield RETURN, 0, 0, ALLOW


def _forbid_processes() -> bool:
    """Refuse to start processes, for good; False where the kernel does not offer it."""
    if not sys.platform.startswith("linux") or platform.machine() not in CALLS:
        return False
    rows = [_Instruction(*row) for row in _instructions(*CALLS[platform.machine()])]
    program = _Program(len(rows), (_Instruction * len(rows))(*rows))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    no_new_privileges, set_seccomp, filtered = 38, 22, 2
    prctl(no_new_privileges, 1, 0, 0, 0)
    return bool(prctl(set_seccomp, filtered, ctypes.byref(program), 0, 0) == 0)
