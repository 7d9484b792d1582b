"""Which of several packages that hold what is wanted is the one to install. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from wheelyard.model.wanted import WantedKind

_NEVER = re.compile(
    r".*-cross(?:-.*)?|.*(?:-dbg|-dbgsym|-doc|-docs|-examples?|-testsuite|-source)|linux-.*headers.*"
    r"|.*mingw.*|.*-(?:arm|aarch64|i686|x86-64|avr|m68k|riscv64|powerpc|sparc64)-?linux.*"
    r"|pypy.*|.*musl.*|dietlibc.*|.*klibc.*|wine.*|.*-wasm.*|gcc-.*-plugin-dev|.*emscripten.*"
    r"|libc6-dev-.*|lib(?:x)?32.*|libn32.*|node-.*|golang-.*|librust-.*|libghc-.*|r-cran-.*"
)
"""Packages for other machines, other runtimes and other languages, and what only looks alike."""

_TRIPLET = re.compile(r"[a-z0-9_]+-linux-gnu[a-z0-9]*")
_VERSIONED = re.compile(r"\d(?:[.\d]*)(?=-|$)")
_ROOT_PARTS = 2

_INSTEAD = (
    (re.compile(r"libmariadb-dev(?:-compat)?|libmysqlclient-dev"), "default-libmysqlclient-dev"),
    (re.compile(r"libjpeg62-turbo-dev"), "libjpeg-dev"),
    (re.compile(r"libopenblas(?:64)?-(?:pthread|openmp|serial)-dev"), "libopenblas-dev"),
    (re.compile(r"openjdk-\d+-j(?:dk|re)(?:-headless)?"), "default-jdk-headless"),
    (re.compile(r"libpython3(?:\.\d+)?-dev"), "python3-dev"),
    (re.compile(r"libmagick(core|wand)-6(?:-headers|\.q16(?:hdri)?-dev)"), r"libmagick\1-dev"),
    (re.compile(r"libopencv-core-dev"), "libopencv-dev"),
    (re.compile(r"hdf5-helpers|libhdf5-(?:serial|openmpi|mpich)-dev"), "libhdf5-dev"),
    (re.compile(r"libstdc\+\+-\d+-dev"), "g++"),
    (re.compile(r"llvm-\d+-dev"), "llvm-dev"),
    (re.compile(r"libclang-\d+-dev|clang-\d+"), "libclang-dev"),
    (re.compile(r"(tcl|tk)8\.\d-dev"), r"\1-dev"),
    (re.compile(r"libboost([a-z-]*?)1\.\d+-dev"), r"libboost\1-dev"),
)
"""Packages that Debian wants to be installed by another one's name, which depends on them."""

_DEFAULTS = frozenset(
    {
        "libcurl4-openssl-dev",
        "libopenmpi-dev",
        "libreadline-dev",
        "libncurses-dev",
        "libsdl2-dev",
        "libgl-dev",
        "libssl-dev",
        "libdb-dev",
        "libgnutls28-dev",
        "libhdf5-dev",
        "libnetcdf-dev",
        "libfftw3-dev",
        "liblua5.4-dev",
        "libsqlite3-dev",
        "unixodbc-dev",
        "tcl-dev",
        "tk-dev",
        "libusb-1.0-0-dev",
        "libavcodec-dev",
    }
)
"""Of packages that are alternatives to each other, those that nearly everybody means."""


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """A package that holds a file in a folder (`usr/include/libxml2/libxml`).

    `used` counts the source packages that are built with it.
    """

    folder: str
    package: str
    used: int = 0


def best(
    holders: Collection[Holder],
    *,
    kind: WantedKind,
    name: str,
    hints: Collection[str] = (),
    preferred: Collection[str] = (),
) -> str | None:
    """Return the package to install for something that is wanted; None if none will do.

    `hints` are what Debian builds the project with, `preferred` what is installed anyway.
    """
    usable = [holder for holder in holders if not _NEVER.fullmatch(holder.package)]
    if not usable:
        return None
    chosen = min(
        usable,
        key=lambda holder: _rank(holder, kind=kind, name=name, hints=hints, preferred=preferred),
    )
    return instead(chosen.package)


def instead(package: str) -> str:
    """Return the name by which Debian wants a package to be installed."""
    for pattern, other in _INSTEAD:
        match = pattern.fullmatch(package)
        if match is not None:
            return match.expand(other)
    return package


def _rank(
    holder: Holder,
    *,
    kind: WantedKind,
    name: str,
    hints: Collection[str],
    preferred: Collection[str],
) -> tuple[bool, bool, bool, bool, int, bool, int, int, int, str]:
    """Return what packages are compared by: the lowest is the best."""
    package = holder.package
    names = {package, instead(package)}
    if kind is WantedKind.PROGRAM and not name.endswith("config"):
        is_wrong_sort = package.endswith("-dev")
    else:
        is_wrong_sort = not package.endswith("-dev")
    return (
        not names & set(preferred),
        not names & set(hints),
        is_wrong_sort,
        package != name,
        _depth(holder.folder, name),
        not names & _DEFAULTS,
        -holder.used,
        len(_VERSIONED.findall(package.removesuffix("-dev"))),
        len(package),
        package,
    )


def _depth(folder: str, name: str) -> int:
    """Return in how many folders of its own a file is, besides those that the name tells of."""
    parts = [part for part in folder.split("/") if not _TRIPLET.fullmatch(part)]
    start = parts.index("include") + 1 if "include" in parts else _ROOT_PARTS
    return len(parts[start:]) - name.count("/")


def is_build_tool(package: str) -> bool:
    """Whether a package that Debian builds with is a library's or a tool that compiles.

    What concerns Debian's own packaging, documentation and tests is of no use to us.
    """
    if package.startswith(("python", "pypy", "dh-", "dpkg-", "debhelper", "libpython")):
        return False
    if package in _TOOLS:
        return True
    return package.endswith("-dev") and _NEVER.fullmatch(package) is None


_TOOLS = frozenset(
    {
        *("bison", "cargo", "chrpath", "cmake", "default-jdk", "default-jdk-headless", "flex"),
        *("gfortran", "gperf", "libtool", "meson", "nasm", "ninja-build", "patchelf", "autoconf"),
        *("automake", "protobuf-compiler", "ragel", "rustc", "swig", "swig4.0", "yasm"),
        *("libclang-dev", "llvm-dev", "clang", "capnproto", "thrift-compiler"),
    }
)
