"""What is known of the names of Debian's packages: which never help a build, which stand in front.

Plain tables and rules, without input or output.
"""

import re
from collections.abc import Iterator

_NEVER = re.compile(
    r"""
    # For other machines than the one that builds: cross compilers and what belongs to them.
      .*-cross(?:-.*)? | crossbuild-.* | .*mingw.* | .*-w64.* | avr-.* | .*-avr
    | .*-(?:aarch64|alpha|arc|arm|hppa|i686|ia64|loongarch64|loong64|m68k|mips\w*|powerpc\w*
           |riscv64|s390x|sh4|sparc64|x86-64|xtensa|or1k)
      (?:64|el|hf|le|r6|r6el)?-(?:linux|none|elf|gnu|kfreebsd|unknown|eabi).*
    | lib(?:32|64|n32|x32|hf|sf).+-\d+-dev(?:-.*)? | libc6-dev-.* | .*-multilib
    | gcc-(?:sh-elf|or1k|riscv64|arm|avr|m68hc1x|msp430|xtensa).* | binutils-(?!dev$|common$).+
    # For other C libraries and kernels, and for the kernel itself.
    | musl.* | .*-musl.* | .*klibc.* | dietlibc.* | .*newlib.* | picolibc.* | freebsd-.*
    | linux-(?:headers|source|kbuild|image|support|compiler)-.* | .*-dkms
    # For other languages.
    | pypy.* | gnat.* | libgnat.* | gdc.* | gm2.* | libgm2.* | gccgo.* | gnustep.*
    | golang-(?!go$).* | librust-.* | node-.* | ruby-.* | gcc-\d+-plugin-dev
    # For reading and trying only.
    | .*-(?:dbg|dbgsym|demos?|di|docs?|examples?|tests?|testsuite|udeb) | .*-(?:doc|examples?)-.*
    """,
    re.VERBOSE,
)

NOT_IN_DEBIAN = re.compile(
    r"(?x)(?:cuda|cudnn|cublas|cufft|curand|cusparse|cusolver|nccl|nvml|nvrtc|nvtoolsext|nvjpeg|tensorrt"
    r"|nvinfer|mkl|ipp|hip/hip_|roctracer|sqlncli|occi|oci\b|clntsh|intel-mkl)[a-z0-9_.+/-]*"
    r"|nvcc|nvidia-smi|icc|icpc|ifort|cl(?:\.exe)?|xcrun|xcodebuild|windows\.h|winsock2?\.h|io\.h|direct\.h"
    r"|mach/.*|CoreFoundation/.*|carbon/.*|tchar\.h|winsock\.h|conio\.h|process\.h|libproc\.h",
    re.IGNORECASE,
)
"""Names of things that other systems, or their makers' own archives, have."""

FRONTS = {"libpython3-dev": "python3-dev", "libjpeg62-turbo-dev": "libjpeg-dev"}
"""Packages that bring another one and what belongs to it."""

RENAMED = {
    "libmagickwand-6-headers": "libmagickwand-dev",
    "libmagickcore-6-headers": "libmagickcore-dev",
    "libmagick++-6-headers": "libmagick++-dev",
    "opencl-c-headers": "ocl-icd-opencl-dev",
    "opencl-headers": "ocl-icd-opencl-dev",
    "wx3.2-headers": "libwxgtk3.2-dev",
}
"""Packages of headers only, and those that bring their library too."""

_BUILD_PROGRAMS = frozenset(
    [
        "autoconf",
        "autoconf-archive",
        "automake",
        "autotools-dev",
        "bison",
        "byacc",
        "cargo",
        "ccache",
        "clang",
        "cmake",
        "default-jdk",
        "default-jdk-headless",
        "flex",
        "gawk",
        "gettext",
        "gfortran",
        "gperf",
        "intltool",
        "libtool",
        "libtool-bin",
        "libclang-dev",
        "llvm",
        "lld",
        "m4",
        "meson",
        "nasm",
        "ninja-build",
        "pkg-config",
        "pkgconf",
        "protobuf-compiler",
        "protobuf-compiler-grpc",
        "capnproto",
        "flatbuffers-compiler",
        "thrift-compiler",
        "qt5-qmake",
        "qtchooser",
        "re2c",
        "rustc",
        "scons",
        "swig",
        "swig4.0",
        "yasm",
        "libpq-dev",
        "xsltproc",
        "unixodbc",
        "gobject-introspection",
        "fp-compiler",
        "golang-go",
        "erlang-base",
        "bc",
        "xxd",
        "ragel",
        "icu-devtools",
    ]
)
_NO_HINT = re.compile(
    r"(?:lib)?python\d?.*|cython.*|.*-doc|debhelper.*|dh-.*|dpkg-dev|pybuild.*|dctrl.*|quilt"
    r"|libjs-.*|fonts-.*|node-.*|ruby.*|libghc-.*|golang-.*|librust-.*|.*-perl|lsb-release"
)
_VERSION = re.compile(r"-?\d+(?:\.\d+)*")


def is_eligible(package: str) -> bool:
    """Whether a package may ever be what a build for this machine lacks."""
    return _NEVER.fullmatch(package) is None


def is_hint(package: str) -> bool:
    """Whether a build dependency of Debian's tells of a library or a program that builds use."""
    if _NO_HINT.fullmatch(package) or not is_eligible(package):
        return False
    return package.endswith("-dev") or package in _BUILD_PROGRAMS


def front_names(package: str) -> Iterator[str]:
    """Give the names that a package standing in front of this one may have, likeliest first.

    `libboost1.74-dev` is behind `libboost-dev`, `libopenblas-pthread-dev` behind `libopenblas-dev`.
    """
    for found in _VERSION.finditer(package):
        yield package[: found.start()] + package[found.end() :]
        major = found[0].partition(".")[0]
        if major != found[0]:
            yield package[: found.start()] + major + package[found.end() :]
    parts = package.split("-")
    for place in range(1, len(parts) - 1):
        yield "-".join(parts[:place] + parts[place + 1 :])


def is_front(front: str, package: str) -> bool:
    """Whether a package that depends on another one is the one to install in its stead."""
    if FRONTS.get(package) == front:
        return True
    if front.startswith("default-"):
        return front.endswith(("-dev", "-jdk", "-jdk-headless"))
    return front in front_names(package)
