"""How a process gives up, for good, whatever it doesn't need: files, the network, other processes, time and memory.

Limits (`setrlimit`) hold everywhere. Landlock and seccomp are the kernel's, on Linux: where one isn't to be had, the
rest holds, and the report says so.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Iterable

from .limits import Limits

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38


def confine(limits: Limits, files: Iterable[int], folder: str) -> list[str]:
    """Confine this process. Returns what holds from now on, in words.

    Args:
        limits: of time, memory and sizes.
        files: descriptors of files that it goes on reading.
        folder: the one in which it may read and write.
    """
    _limit(limits)
    held = ["limits of memory, time and sizes"]
    if platform.system() != "Linux":
        return held
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0:
        held.append("ends with the process that started it")
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return held  # without it the rest is refused
    held.append("no new privileges")
    if _landlock(libc, files, folder):
        held.append("no other files (Landlock)")
    if _seccomp(libc):
        held.append("no network and no other processes (seccomp)")
    return held


def _limit(limits: Limits) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.written_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


# Files: https://docs.kernel.org/userspace-api/landlock.html

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_OF_ABI, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE, _MAKE_REG, _TRUNCATE = (
    1 << n for n in (0, 1, 2, 3, 5, 8, 14)
)
#: Rights that each version of the kernel's interface knows, from the first on.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}


def _landlock(libc: ctypes.CDLL, files: Iterable[int], folder: str) -> bool:
    abi = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_OF_ABI)
    if abi < 1:
        return False
    known = _RIGHTS[min(abi, 3)]
    handled = ctypes.c_uint64(known)
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), 8, 0)
    if rules < 0:
        return False
    work = _READ_FILE | _READ_DIR | _WRITE_FILE | _REMOVE_FILE | _MAKE_REG | _TRUNCATE
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        allowed = [(place, work & known), *((file, _READ_FILE) for file in files)]
        for descriptor, rights in allowed:
            rule = ctypes.create_string_buffer(struct.pack("<Qi", rights, descriptor))
            if libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0) != 0:
                return False
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(place)
        os.close(rules)


# Network and processes: https://docs.kernel.org/userspace-api/seccomp_filter.html

#: What isn't allowed any more: socket, socketpair, connect, bind, execve, execveat, fork, vfork, clone, clone3, ptrace,
#: kill, io_uring_setup, process_vm_writev, bpf.
_DENIED = {
    "x86_64": (0xC000003E, (41, 53, 42, 49, 59, 322, 57, 58, 56, 435, 101, 62, 425, 311, 321)),
    "aarch64": (0xC00000B7, (198, 199, 203, 200, 221, 281, 220, 435, 117, 129, 425, 271, 280)),
}
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # allowed; EPERM; the process ends
_NUMBER, _MACHINE = 0, 4  # where they stand in what a filter is given
_OTHER_NUMBERS = 0x40000000  # of x32, by which the same calls could be reached


def _seccomp(libc: ctypes.CDLL) -> bool:
    machine, denied = _DENIED.get(platform.machine(), (0, ()))
    if not denied:
        return False
    refuse = len(denied) + 1
    lines = [
        (_LOAD, 0, 0, _MACHINE),
        (_IF_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, refuse, 0, _OTHER_NUMBERS),
        *((_IF_EQUAL, refuse - 1 - at, 0, number) for at, number in enumerate(denied)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in lines))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(program)))
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0) == 0)
