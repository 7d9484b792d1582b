"""The machine and the Arm architecture that object files are for."""

from collections.abc import Iterator

from wheelyard.certify.arm import arm_problems
from wheelyard.certify.contents import Contents
from wheelyard.certify.elf import machine_of
from wheelyard.certify.expected import Expected
from wheelyard.certify.objects import ObjectFile
from wheelyard.model.certificate import Check, failed, not_applicable, passed

_NO_OBJECTS = "The wheel holds no object files."
_ARM = frozenset({"armv6l", "armv7l"})
_FLAG_SOFT_FLOAT = 0x200
_FLAG_HARD_FLOAT = 0x400
_ABI_VERSION_MASK = 0xFF000000
_ABI_VERSION_5 = 0x05000000
_IN_REGISTERS = 1


def objects(contents: Contents, expected: Expected) -> Check:
    """Object files are whole, and for the target's machine."""
    architecture = expected.target.architecture
    if contents.broken:
        message = "An object file is cut off or broken."
        return failed("machine", message, *contents.broken)
    if not contents.objects:
        return not_applicable("machine", _NO_OBJECTS)
    machine = machine_of(architecture)
    if machine is None:
        message = f"Nothing is known here of the machine {architecture}."
        return not_applicable("machine", message)
    foreign = [
        f"{each.name!a} is an object file for another machine than {architecture}"
        for each in contents.objects
        if each.machine != machine
    ]
    if foreign:
        return failed("machine", f"An object file is not for {architecture}.", *foreign)
    count = len(contents.objects)
    return passed("machine", f"All {count} object files are for {architecture}.")


def arm(contents: Contents, expected: Expected) -> Check:
    """Arm objects pass arguments as the target does, and need no newer processor."""
    architecture = expected.target.architecture
    if architecture not in _ARM:
        return not_applicable("arm", f"{architecture} has no Arm attributes.")
    if not contents.objects:
        return not_applicable("arm", _NO_OBJECTS)
    problems = [
        f"{each.name!a} {problem}"
        for each in contents.objects
        for problem in _problems(each, architecture)
    ]
    if problems:
        message = f"An object file does not run on every {architecture} machine."
        return failed("arm", message, *problems)
    names = {each.arm.architecture_name for each in contents.objects if each.arm is not None}
    newer = [
        f"{each.name!a} holds {each.arm.architecture_name} code, which it must choose at run time"
        for each in contents.objects
        if each.arm is not None and each.arm.is_chosen_at_run_time
    ]
    return passed(
        "arm",
        f"No object file needs more than {architecture} has.",
        f"Tag_CPU_arch: {', '.join(sorted(names))}",
        *newer,
    )


def _problems(each: ObjectFile, architecture: str) -> Iterator[str]:
    if each.arm is None:
        yield "has no Arm attributes that could be read"
        return
    yield from arm_problems(each.arm, architecture=architecture)
    if not each.is_linked:
        return
    if each.flags & _ABI_VERSION_MASK != _ABI_VERSION_5:
        yield "is not for version 5 of the Arm ABI (EABI5)"
    is_hard = each.flags & _FLAG_HARD_FLOAT or each.arm.vfp_arguments == _IN_REGISTERS
    if each.flags & _FLAG_SOFT_FLOAT or not is_hard:
        yield "does not pass floating-point arguments in registers (hard-float)"
