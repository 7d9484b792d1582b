import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.sections import ARMAttributesSection
from hypothesis import given, settings
from hypothesis import strategies as st

from elves import AARCH64, ARM, X86_64, arm_attributes, elf_object, static_library
from wheelyard.certify.arm import ArmAttributes, parse_attributes
from wheelyard.certify.objects import ObjectFile, read_object
from wheelyard.certify.static_library import members
from wheelyard.errors import HostileContent


def read(content: bytes) -> ObjectFile:
    return read_object(io.BytesIO(content), "spam.so")


def objects_of_this_machine() -> list[Path]:
    found = sorted(
        path for folder in ("lib", "lib64") for path in Path("/usr", folder).rglob("*.so*")
    )
    plain = [path for path in found if path.is_file() and not path.is_symlink()]
    small = [path for path in plain if path.stat().st_size < 500_000]
    return [path for path in small if path.read_bytes()[:4] == b"\x7fELF"][::25][:12]


@pytest.mark.parametrize("path", objects_of_this_machine(), ids=lambda path: path.name)
def test_real_libraries_are_read_as_another_reader_reads_them(path: Path) -> None:
    with path.open("rb") as file:
        found = read_object(file, path.name)
        other = ELFFile(file)
        assert found.kind == {"ET_DYN": 3, "ET_EXEC": 2, "ET_REL": 1}[other["e_type"]]
        assert [each.address for each in found.segments] == [
            each["p_vaddr"] for each in other.iter_segments()
        ]
        assert found.dynamic.needed == tuple(_needed(other))
        assert found.dynamic.versions == dict(_versions(other))
        symbols = [each for each in other.iter_sections() if each["sh_type"] == "SHT_DYNSYM"]
        assert found.dynamic.imports == _names(symbols, is_defined=False)
        assert found.dynamic.exports == _names(symbols, is_defined=True)


def _needed(other: Any) -> Iterator[str]:  # noqa: ANN401 - the library has half its types
    for section in other.iter_sections():
        if isinstance(section, DynamicSection):
            for tag in section.iter_tags("DT_NEEDED"):
                named: Any = tag
                yield named.needed


def _versions(other: Any) -> Iterator[tuple[str, frozenset[str]]]:  # noqa: ANN401 - as above
    for section in other.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for need, versions in section.iter_versions():
                yield str(need.name), frozenset(version.name for version in versions)


def _names(tables: list[Any], *, is_defined: bool) -> frozenset[str]:
    return frozenset(
        symbol.name
        for table in tables
        for symbol in table.iter_symbols()
        if symbol.name and (symbol["st_shndx"] != "SHN_UNDEF") is is_defined
    )


@pytest.mark.parametrize("machine", [X86_64, AARCH64, ARM])
def test_everything_that_the_factory_writes_is_read(machine: int) -> None:
    content = elf_object(
        machine=machine,
        needed=["liba.so.1", "libb.so.2"],
        soname="libspam.so.1",
        runpath="$ORIGIN:/usr/lib",
        versions={"libc.so.6": ["GLIBC_2.4", "GLIBC_2.28"], "libm.so.6": ["GLIBC_2.29"]},
        imports=["PyLong_AsLong", "printf"],
        comment=b"GCC: 12\0",
    )
    found = read(content)
    assert found.dynamic.needed == ("liba.so.1", "libb.so.2")
    assert found.dynamic.soname == "libspam.so.1"
    assert found.dynamic.search_paths == ("$ORIGIN", "/usr/lib")
    assert found.dynamic.versions == {
        "libc.so.6": {"GLIBC_2.4", "GLIBC_2.28"},
        "libm.so.6": {"GLIBC_2.29"},
    }
    assert found.dynamic.imports == {"PyLong_AsLong", "printf"}
    assert found.compilers == b"GCC: 12\0"
    assert (found.arm is not None) is (machine == ARM)
    assert (
        ELFFile(io.BytesIO(content)).get_machine_arch()
        == {
            X86_64: "x64",
            AARCH64: "AArch64",
            ARM: "ARM",
        }[machine]
    )


def test_attributes_are_read_as_another_reader_reads_them() -> None:
    section = arm_attributes(architecture=6, floating_point=2, thumb=1)
    expected = ArmAttributes(architecture=6, thumb=1, floating_point=2, vfp_arguments=1)
    assert parse_attributes(section, byte_order="<") == expected
    other = next(
        each
        for each in ELFFile(io.BytesIO(elf_object(machine=ARM, attributes=section))).iter_sections()
        if isinstance(each, ARMAttributesSection)
    )
    tags = {
        attribute.tag: attribute.value
        for subsection in other.iter_subsections()
        for scope in subsection.iter_subsubsections()
        for attribute in scope.iter_attributes()
    }
    assert (tags["TAG_CPU_ARCH"], tags["TAG_FP_ARCH"], tags["TAG_ABI_VFP_ARGS"]) == (6, 2, 1)


@settings(max_examples=300)
@given(position=st.integers(0, 2000), patch=st.binary(min_size=1, max_size=8))
def test_no_change_of_bytes_makes_reading_fail_in_another_way(position: int, patch: bytes) -> None:
    content = bytearray(
        elf_object(machine=ARM, versions={"libc.so.6": ["GLIBC_2.4"]}, imports=["printf"])
    )
    position %= len(content)
    content[position : position + len(patch)] = patch
    with suppress(HostileContent):
        assert isinstance(read(bytes(content)), ObjectFile)


@settings(max_examples=200)
@given(length=st.integers(0, 2000))
def test_an_object_that_is_cut_off_is_refused(length: int) -> None:
    content = elf_object(versions={"libc.so.6": ["GLIBC_2.4"]})
    with pytest.raises(HostileContent):
        read(content[: length % len(content)])


def test_names_that_overlap_without_end_are_refused_soon() -> None:
    content = bytearray(elf_object(imports=["x" * 60_000, *(f"b{n}" for n in range(2000))]))
    first, size = 64 + 3 * 56 + 24, 24
    for number in range(2000):
        place = first + (number + 1) * size
        content[place : place + 4] = content[first : first + 4]
    with pytest.raises(HostileContent, match="too many bytes of names"):
        read(bytes(content))


def test_versions_without_end_are_refused() -> None:
    content = elf_object(versions={"libc.so.6": [f"GLIBC_2.{n}" for n in range(2001)]})
    with pytest.raises(HostileContent, match="more than 2000 versions"):
        read(content)


@given(st.binary(max_size=200))
def test_any_bytes_may_be_attributes(content: bytes) -> None:
    parse_attributes(b"A" + content, byte_order="<")


@given(st.binary(max_size=300))
def test_any_bytes_may_be_a_static_library(content: bytes) -> None:
    with suppress(HostileContent):
        list(members(io.BytesIO(b"!<arch>\n" + content), "spam.a"))


def test_the_members_of_a_static_library_are_found() -> None:
    found = list(members(io.BytesIO(static_library(b"abc", b"defg")), "spam.a"))
    assert [(name, file.read()) for name, file in found] == [
        ("spam.a(0)", b"abc"),
        ("spam.a(1)", b"defg"),
    ]
