"""How object files are loaded: alignment, memory that is both written and run, stacks."""

from collections.abc import Iterator

from wheelyard.certify.contents import Contents
from wheelyard.certify.dynamic import Segment
from wheelyard.certify.expected import Expected
from wheelyard.certify.objects import ObjectFile
from wheelyard.model.certificate import Check, failed, not_applicable, passed

_NO_OBJECTS = "The wheel holds no object files that are loaded."
_LOAD = 1
_STACK = 0x6474E551
_RUN = 1
_WRITE = 2
_PAGE = {"aarch64": 16 * 1024}
_SMALLEST_PAGE = 4096
_LARGE_PAGE = 16 * 1024
_SAFE_WITHOUT_WORD = frozenset({"aarch64", "riscv64", "loongarch64"})
"""Where a stack is not run unless an object asks for it (glibc's DEFAULT_STACK_PERMS)."""


def alignment(contents: Contents, expected: Expected) -> Check:
    """Segments can be mapped with the pages that the target's kernels have.

    A Raspberry Pi 5 with a 64-bit system has pages of 16 KiB, where smaller alignment cannot be
    loaded at all: that fails. With a 32-bit system it runs a kernel with pages of 4 KiB, so there
    and elsewhere only smaller than that fails, and less than 16 KiB is told.
    """
    name, architecture = "alignment", expected.target.architecture
    if not contents.linked:
        return not_applicable(name, _NO_OBJECTS)
    page = _PAGE.get(architecture, _SMALLEST_PAGE)
    problems = [
        f"{each.name!a} {problem}" for each in contents.linked for problem in _misplaced(each, page)
    ]
    if problems:
        message = f"An object file cannot be loaded with pages of {page // 1024} KiB."
        return failed(name, message, *problems)
    small = [
        f"{each.name!a} cannot be loaded with pages of 16 KiB"
        for each in contents.linked
        if page < _LARGE_PAGE and any(_misplaced(each, _LARGE_PAGE))
    ]
    message = f"All object files can be loaded with pages of {page // 1024} KiB."
    return passed(name, message, *small)


def executable_memory(contents: Contents, expected: Expected) -> Check:
    """No memory is both written and run, and the stack is not run."""
    name, architecture = "executable-memory", expected.target.architecture
    if not contents.linked:
        return not_applicable(name, _NO_OBJECTS)
    problems = []
    for each in contents.linked:
        if any(_is_written_and_run(segment) for segment in each.segments):
            problems.append(f"{each.name!a} has a segment that is written and run")
        stacks = [segment for segment in each.segments if segment.kind == _STACK]
        if any(segment.flags & _RUN for segment in stacks):
            problems.append(f"{each.name!a} asks for an executable stack")
        elif not stacks and architecture not in _SAFE_WITHOUT_WORD:
            problems.append(f"{each.name!a} gets an executable stack, because it does not say no")
    if problems:
        return failed(name, "An object file wants to run what can be written.", *problems)
    return passed(name, "What can be written is not run, and no stack is.")


def _misplaced(each: ObjectFile, page: int) -> Iterator[str]:
    """Yield why segments cannot be mapped with pages of this size."""
    for segment in each.segments:
        if segment.kind != _LOAD:
            continue
        if segment.alignment < page or segment.alignment & (segment.alignment - 1):
            yield f"has a segment aligned to {segment.alignment} bytes"
            return
        if (segment.address - segment.offset) % page:
            yield "has a segment whose place in the file does not fit its address"
            return


def _is_written_and_run(segment: Segment) -> bool:
    both = _WRITE | _RUN
    return segment.kind == _LOAD and segment.flags & both == both
