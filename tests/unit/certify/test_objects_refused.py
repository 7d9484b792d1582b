from pathlib import Path

import pytest

from certified import certify_object, check_of, expect, said_by
from elves import AARCH64, ARM, V6, V7, arm_attributes, elf_object, static_library
from wheelyard.model.build import FailureKind
from wheelyard.model.certificate import CheckResult

X86 = "bookworm-cp311-x86_64"
V6_TARGET = "bookworm-cp311-armv6l"
V7_TARGET = "bookworm-cp311-armv7l"
A64_TARGET = "bookworm-cp311-aarch64"
TRIXIE = "trixie-cp313-armv7l"
V6_OBJECT = elf_object(machine=ARM, attributes=arm_attributes(architecture=V6, floating_point=2))


@pytest.mark.parametrize(
    ("target", "content", "check", "reason"),
    [
        (V7_TARGET, elf_object(), "machine", "another machine than armv7l"),
        (A64_TARGET, elf_object(machine=ARM), "machine", "another machine than aarch64"),
        (X86, elf_object(bits=32), "machine", "another machine than x86_64"),
        (X86, elf_object()[:-70], "machine", "is cut off"),
        (X86, elf_object()[:200], "machine", "is cut off"),
        (X86, elf_object()[:30], "machine", "is cut off"),
        (X86, elf_object()[:10], "machine", "header cannot be read"),
        (X86, elf_object(kind=4), "machine", "unknown type 4"),
        (V7_TARGET, static_library(elf_object()), "machine", "_core.so(0)' is an object file for"),
        (V7_TARGET, static_library(V6_OBJECT)[:-5], "machine", "cut off"),
        (V6_TARGET, elf_object(machine=ARM), "arm", "holds Arm v7 code (Tag_CPU_arch)"),
        (
            V6_TARGET,
            static_library(V6_OBJECT, elf_object(machine=ARM)),
            "arm",
            "_core.so(1)' holds Arm v7 code",
        ),
        (
            V6_TARGET,
            elf_object(machine=ARM, attributes=arm_attributes(architecture=8)),
            "arm",
            "holds Arm v6T2 code",
        ),
        (
            V6_TARGET,
            elf_object(machine=ARM, attributes=arm_attributes(architecture=V6, floating_point=3)),
            "arm",
            "newer than VFPv2",
        ),
        (
            V6_TARGET,
            elf_object(machine=ARM, attributes=arm_attributes(architecture=V6, thumb=2)),
            "arm",
            "uses Thumb-2",
        ),
        (V6_TARGET, elf_object(machine=ARM, attributes=b""), "arm", "no Arm attributes"),
        (V6_TARGET, elf_object(machine=ARM, attributes=b"A\0\0\0\0"), "arm", "no Arm attributes"),
        (
            V7_TARGET,
            elf_object(machine=ARM, attributes=arm_attributes(architecture=13)),
            "arm",
            "holds Arm v7E-M code",
        ),
        (
            V6_TARGET,
            elf_object(machine=ARM, attributes=arm_attributes(architecture=14)),
            "arm",
            "holds Arm v8-A code",
        ),
        (V7_TARGET, elf_object(machine=ARM, flags=0x05000200), "arm", "hard-float"),
        (V7_TARGET, elf_object(machine=ARM, flags=0x04000400), "arm", "EABI5"),
        (X86, elf_object(stack=7), "executable-memory", "asks for an executable stack"),
        (X86, elf_object(stack=None), "executable-memory", "gets an executable stack"),
        (X86, elf_object(rights=7), "executable-memory", "written and run"),
        (A64_TARGET, elf_object(machine=AARCH64, alignment=4096), "alignment", "4096 bytes"),
        (X86, elf_object(alignment=1024), "alignment", "aligned to 1024 bytes"),
        (X86, elf_object(alignment=12288), "alignment", "aligned to 12288 bytes"),
        (X86, elf_object(runpath="/home/anna/lib"), "search-path", "'/home/anna/lib'"),
        (X86, elf_object(runpath="$ORIGIN:/tmp"), "search-path", "'/tmp'"),
        (X86, elf_object(runpath="$ORIGIN/../../x"), "search-path", "outside the wheel"),
        (X86, elf_object(runpath="$ORIGIN/$LIB"), "search-path", "depends on the machine"),
        (X86, elf_object(runpath=""), "search-path", "depends on where"),
        (X86, elf_object(runpath="/usr/lib/../../home"), "search-path", "neither in the wheel"),
        (X86, elf_object(needed=["/opt/lib/x.so"]), "search-path", "by its path"),
        (
            X86,
            elf_object(versions={"libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.38"]}),
            "glibc",
            "needs GLIBC_2.38",
        ),
        (X86, elf_object(versions={"libc.so.6": ["GLIBC_PRIVATE"]}), "glibc", "GLIBC_PRIVATE"),
        (
            X86,
            elf_object(versions={"libstdc++.so.6": ["GLIBCXX_3.4.32", "CXXABI_1.3.9"]}),
            "libstdc++",
            "needs GLIBCXX_3.4.32",
        ),
        (X86, elf_object(versions={"libgcc_s.so.1": ["GCC_14.0.0"]}), "libstdc++", "GCC_14"),
        (
            V7_TARGET,
            elf_object(machine=ARM, imports=["__clock_gettime64"]),
            "time64",
            "uses __clock_gettime64",
        ),
        (V7_TARGET, elf_object(machine=ARM, imports=["__stat64_time64"]), "time64", "__stat64"),
        (TRIXIE, elf_object(machine=ARM, imports=["gettimeofday"]), "time64", "gettimeofday"),
    ],
)
def test_an_object_that_would_not_work_on_the_target_is_refused(
    tmp_path: Path, target: str, content: bytes, check: str, reason: str
) -> None:
    certified = certify_object(tmp_path, content, expected=expect(target))
    failed = check_of(certified, check)
    assert failed.result is CheckResult.FAIL
    assert any(reason in line for line in failed.evidence)
    assert certified.wheel is None
    assert certified.failure is not None
    assert certified.failure.kind is FailureKind.OUTPUT_INVALID


@pytest.mark.parametrize(
    ("target", "content"),
    [
        (V6_TARGET, V6_OBJECT),
        (V7_TARGET, V6_OBJECT),
        (V7_TARGET, elf_object(machine=ARM, attributes=arm_attributes(architecture=V7, thumb=2))),
        (V7_TARGET, elf_object(machine=ARM, attributes=arm_attributes(architecture=14))),
        (V7_TARGET, elf_object(machine=ARM, alignment=4096)),
        (V7_TARGET, elf_object(machine=ARM, imports=["clock_gettime", "__fread_chk"])),
        (V7_TARGET, static_library(V6_OBJECT, V6_OBJECT)),
        (A64_TARGET, elf_object(machine=AARCH64, stack=None)),
        (TRIXIE, elf_object(machine=ARM, imports=["__clock_gettime64"])),
        (TRIXIE, elf_object(machine=ARM, imports=["gettimeofday"], comment=b"rustc version 1.7\0")),
        (X86, elf_object(runpath="$ORIGIN/../spam.libs:${ORIGIN}/sub:/usr/lib/x86_64-linux-gnu")),
        (X86, elf_object(versions={"libc.so.6": ["GLIBC_2.36"], "libz.so.1": ["ZLIB_9.9"]})),
        (X86, elf_object(kind=1)),
    ],
)
def test_an_object_that_works_on_the_target_is_taken(
    tmp_path: Path, target: str, content: bytes
) -> None:
    certified = certify_object(tmp_path, content, expected=expect(target))
    assert said_by(certified) == ""


def test_the_certificate_tells_the_highest_versions(tmp_path: Path) -> None:
    versions = {
        "libc.so.6": ["GLIBC_2.9", "GLIBC_2.17"],
        "libstdc++.so.6": ["GLIBCXX_3.4.9", "GLIBCXX_3.4.21"],
    }
    certified = certify_object(tmp_path, elf_object(versions=versions))
    assert check_of(certified, "glibc").evidence == ("highest: 'spam/_core.so' needs GLIBC_2.17",)
    assert check_of(certified, "libstdc++").evidence == (
        "highest: 'spam/_core.so' needs GLIBCXX_3.4.21",
    )


def test_small_alignment_is_told_where_it_does_no_harm(tmp_path: Path) -> None:
    content = elf_object(machine=ARM, alignment=4096)
    certified = certify_object(tmp_path, content, expected=expect(V7_TARGET))
    check = check_of(certified, "alignment")
    assert check.result is CheckResult.PASS
    assert check.evidence == ("'spam/_core.so' cannot be loaded with pages of 16 KiB",)


def test_a_library_of_the_wheels_own_may_have_any_version(tmp_path: Path) -> None:
    content = elf_object(needed=["libstdc++.so.6"], versions={"libstdc++.so.6": ["GLIBCXX_3.4.99"]})
    certified = certify_object(tmp_path, content, name="spam.libs/libstdc++.so.6")
    assert check_of(certified, "libstdc++").result is CheckResult.NOT_APPLICABLE


def test_libraries_are_resolved_to_the_packages_of_the_environment(tmp_path: Path) -> None:
    content = elf_object(needed=["libc.so.6", "libxml2.so.2", "libfoo.so.1"])
    there = {"libxml2.so.2": "libxml2", "libfoo.so.1": "libfoo1"}
    certified = certify_object(tmp_path, content, expected=expect(libraries=there))
    assert check_of(certified, "libraries").evidence == (
        "libfoo.so.1: libfoo1",
        "libxml2.so.2: libxml2",
    )


def test_a_library_in_no_package_is_refused(tmp_path: Path) -> None:
    content = elf_object(needed=["libxml2.so.2", "libfoo.so.1"])
    expected = expect(libraries={"libxml2.so.2": "libxml2"})
    certified = certify_object(tmp_path, content, expected=expected)
    assert said_by(certified) == "libraries\nlibfoo.so.1, needed by spam/_core.so"


def test_a_function_that_the_targets_python_lacks_is_refused(tmp_path: Path) -> None:
    content = elf_object(imports=["PyLong_AsLong", "_PyLong_New", "printf"])
    expected = expect(python_exports=frozenset({"PyLong_AsLong"}))
    certified = certify_object(tmp_path, content, expected=expected)
    assert said_by(certified) == "python-symbols\n'spam/_core.so' uses _PyLong_New"
