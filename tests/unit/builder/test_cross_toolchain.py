"""What build tools are told of a target: variables, wrappers, meson's, CMake's, Python's files."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wheelyard.builder.cross.files import (
    cross_files,
    program_links,
    python_files,
    read_facts,
    write_cross_files,
)
from wheelyard.builder.cross.toolchain import (
    PLACE,
    Toolchain,
    config_settings,
    own_tools,
    toolchain_of,
    variables,
)
from wheelyard.builder.environments.choice import Pair
from wheelyard.model.environment import parse_environment_name

ARMHF = Toolchain(architecture="armhf", native="amd64")
ARM64 = Toolchain(architecture="arm64", native="amd64")
FACTS = "build_time_vars = {'CONFINCLUDEPY': '/a', 'INCLUDEPY': '/b', 'LIBDIR': '/c', 'CC': 'd'}\n"


def test_a_toolchain_is_that_of_a_pair_of_environments() -> None:
    pair = Pair(
        native=parse_environment_name("bookworm-amd64-cross"),
        target=parse_environment_name("bookworm-arm64"),
    )
    assert toolchain_of(pair) == ARM64


@pytest.mark.parametrize(
    ("toolchain", "triplet", "machine"),
    [(ARMHF, "arm-linux-gnueabihf", "armv7l"), (ARM64, "aarch64-linux-gnu", "aarch64")],
)
def test_variables_name_the_targets_compilers_and_python(
    toolchain: Toolchain, triplet: str, machine: str
) -> None:
    found = variables(toolchain)

    assert found["CC"] == f"{triplet}-gcc"
    assert found["CXX"] == f"{triplet}-g++"
    assert found["PATH"].startswith(f"{PLACE}/bin:")
    assert found["_PYTHON_HOST_PLATFORM"] == f"linux-{machine}"
    assert found["_PYTHON_SYSCONFIGDATA_NAME"] == f"_sysconfigdata__{triplet}"
    assert found["PKG_CONFIG_LIBDIR"].startswith(f"/build/sysroot/usr/lib/{triplet}/pkgconfig:")
    assert found["QEMU_LD_PREFIX"] == found["PKG_CONFIG_SYSROOT_DIR"] == "/build/sysroot"


def test_only_meson_python_is_told_by_its_settings() -> None:
    assert config_settings("mesonpy") == {"setup-args": ["--cross-file=/build/cross/meson.ini"]}
    assert config_settings("setuptools.build_meta") is None
    assert config_settings("mesonpyish") is None


def test_scikit_build_core_gets_tools_that_run_here() -> None:
    assert own_tools("scikit_build_core.build") == ("cmake", "ninja")
    assert own_tools("setuptools.build_meta:__legacy__") == ()


@pytest.mark.parametrize(
    ("toolchain", "family", "cpu"), [(ARMHF, "arm", "armv7l"), (ARM64, "aarch64", "aarch64")]
)
def test_mesons_file_reads_as_meson_reads_it(toolchain: Toolchain, family: str, cpu: str) -> None:
    meson = configparser.ConfigParser()
    meson.read_string(cross_files(toolchain)["meson.ini"])

    assert meson["host_machine"]["cpu_family"] == f"'{family}'"
    assert meson["host_machine"]["cpu"] == f"'{cpu}'"
    assert meson["binaries"]["c"] == f"'{PLACE}/bin/{toolchain.triplet}-gcc'"
    assert meson["properties"]["sys_root"] == "'/build/sysroot'"


def test_cmakes_file_looks_for_libraries_in_the_sysroot_only() -> None:
    lines = cross_files(ARMHF)["toolchain.cmake"].splitlines()

    assert "set(CMAKE_SYSTEM_PROCESSOR armv7l)" in lines
    assert "set(CMAKE_SYSROOT /build/sysroot)" in lines
    assert "set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)" in lines
    assert "set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)" in lines


def test_the_usual_names_are_the_targets_but_not_those_that_the_own_compiler_uses() -> None:
    names = {path.removeprefix("bin/") for path in cross_files(ARMHF) if path.startswith("bin/")}
    links = program_links(ARMHF)

    assert {"cc", "gcc", "c++", "g++", "arm-linux-gnueabihf-gcc"} <= names
    assert links["bin/strip"] == "/usr/bin/arm-linux-gnueabihf-strip"
    assert {"as", "ld"}.isdisjoint(names | {path.removeprefix("bin/") for path in links})


def test_a_wrapper_puts_folders_of_the_system_into_the_sysroot(tmp_path: Path) -> None:
    write_cross_files(tmp_path / "cross", ARMHF)
    wrapper = tmp_path / "cross/bin/gcc"
    told = tmp_path / "told"
    told.write_text('#!/bin/sh\nprintf "%s\\\\n" "$@"\n')
    told.chmod(0o755)
    wrapper.write_text(
        wrapper.read_text().replace("exec /usr/bin/arm-linux-gnueabihf-gcc", f"exec {told}")
    )
    words = [
        *("-I/usr/include/libxml2", "-L/usr/lib/x86_64-linux-gnu", "-I/usr/local/include"),
        *("-Iinclude", "-DX=-I/usr/include", "a file.c", ""),
    ]

    done = subprocess.run([wrapper, *words], check=True, capture_output=True, text=True)

    assert os.access(wrapper, os.X_OK)
    assert done.stdout.splitlines() == [
        "--sysroot=/build/sysroot",
        "-I/build/sysroot/usr/include/libxml2",
        "-L/build/sysroot/usr/lib/arm-linux-gnueabihf",
        "-I/usr/local/include",
        *("-Iinclude", "-DX=-I/usr/include", "a file.c", ""),
    ]


def test_python_speaks_for_the_target(tmp_path: Path) -> None:
    for name, text in python_files(ARMHF, FACTS).items():
        (tmp_path / name).write_text(text)
    script = (
        f"import site, sys; site.addsitedir({str(tmp_path)!r})\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import importlib, os, platform\n"
        "facts = importlib.import_module('_sysconfigdata__arm-linux-gnueabihf').build_time_vars\n"
        "print(platform.machine(), os.uname().machine, os.uname().sysname, sorted(facts.values()))"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", script], check=True, capture_output=True, text=True
    )

    assert done.stdout.strip() == (
        "armv7l armv7l Linux ['/build/sysroot/a', '/build/sysroot/b', '/build/sysroot/c', 'd']"
    )


def test_a_root_that_does_not_tell_how_its_python_was_built(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/python3.11"
    folder.mkdir(parents=True)
    file = folder / "_sysconfigdata__arm-linux-gnueabihf.py"
    assert read_facts(tmp_path, ARMHF, (3, 11)) is None

    file.symlink_to("/etc/hostname")
    assert read_facts(tmp_path, ARMHF, (3, 11)) is None

    file.unlink()
    file.write_text(FACTS)
    assert read_facts(tmp_path, ARMHF, (3, 11)) == FACTS
