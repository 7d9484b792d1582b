"""What tells build tools of the target: small files, made for each build. Pure."""

from collections.abc import Iterable
from pathlib import Path

from wheelyard.builder.cross.toolchain import PLACE, Toolchain
from wheelyard.builder.environments.root import SYSROOT
from wheelyard.builder.requirements import INSIDE

_COMPILERS = {"gcc": "gcc", "cc": "gcc", "g++": "g++", "c++": "g++", "cpp": "cpp"}
_OTHERS = ("ar", "nm", "objcopy", "objdump", "ranlib", "readelf", "strip")
"""Not `as` and `ld`: the machine's own compiler looks for its own under these names."""

_FAMILIES = {"armhf": "arm", "arm64": "aarch64"}
"""What meson calls their kinds of processors."""

_WRAPPER = """\
#!/bin/sh
# Folders of the system are those of the target, whoever has named them.
for word do
    shift
    case $word in
    -I/usr/include* | -L/usr/lib* | -L/lib*)
        word="${{word%%/*}}{sysroot}/${{word#*/}}"
        case $word in
        *{native}*) word="${{word%%{native}*}}{triplet}${{word#*{native}}}" ;;
        esac
        ;;
    esac
    set -- "$@" "$word"
done
exec /usr/bin/{triplet}-{compiler} --sysroot={sysroot} "$@"
"""
_MESON = """\
[binaries]
c = '{place}/bin/{triplet}-gcc'
cpp = '{place}/bin/{triplet}-g++'
ar = '/usr/bin/{triplet}-ar'
strip = '/usr/bin/{triplet}-strip'
pkg-config = '/usr/bin/pkg-config'
python = '{environment}/bin/python3'

[properties]
needs_exe_wrapper = false
sys_root = '{sysroot}'
pkg_config_libdir = ['{sysroot}/usr/lib/{triplet}/pkgconfig', '{sysroot}/usr/share/pkgconfig']

[host_machine]
system = 'linux'
cpu_family = '{family}'
cpu = '{machine}'
endian = 'little'
"""
_CMAKE = """\
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR {machine})
set(CMAKE_C_COMPILER {place}/bin/{triplet}-gcc)
set(CMAKE_CXX_COMPILER {place}/bin/{triplet}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE {triplet})
set(CMAKE_SYSROOT {sysroot})
set(CMAKE_FIND_ROOT_PATH {sysroot})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
set(CMAKE_CROSSCOMPILING_EMULATOR /usr/bin/env)
"""
_MACHINE = """\
import os
import posix

_own = posix.uname


def _uname():
    told = _own()
    return type(told)((*told[:4], {machine!r}))


os.uname = _uname
"""
_MODULE = "_wheelyard_target"
"""Projects ask Python which machine this is: it answers for the target."""


def cross_files(toolchain: Toolchain) -> dict[str, str]:
    """Return the files of the folder `PLACE` by their paths in it."""
    words = {
        "place": PLACE,
        "sysroot": SYSROOT,
        "environment": INSIDE,
        "triplet": toolchain.triplet,
        "native": toolchain.native_triplet,
        "machine": toolchain.machine,
        "family": _FAMILIES[toolchain.architecture],
    }
    wrappers = {
        f"bin/{prefix}{name}": _WRAPPER.format(**words, compiler=compiler)
        for name, compiler in _COMPILERS.items()
        for prefix in ("", f"{toolchain.triplet}-")
    }
    return {
        **wrappers,
        "meson.ini": _MESON.format(**words),
        "toolchain.cmake": _CMAKE.format(**words),
    }


def program_links(toolchain: Toolchain) -> dict[str, str]:
    """Return the links of the folder `PLACE`: the target's other tools under their usual names."""
    return {f"bin/{name}": f"/usr/bin/{toolchain.triplet}-{name}" for name in _OTHERS}


def write_cross_files(folder: Path, toolchain: Toolchain) -> None:
    """Write these files and links into a new folder, for everybody to read."""
    (folder / "bin").mkdir(parents=True)
    for path, text in cross_files(toolchain).items():
        file = folder / path
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755 if path.startswith("bin/") else 0o644)
    for path, outside in program_links(toolchain).items():
        (folder / path).symlink_to(outside)


def python_files(toolchain: Toolchain, facts: str) -> dict[str, str]:
    """Return the files that make a native Python speak for the target's, for its site-packages.

    `facts` is the target's own module of how it was built, as the sysroot has it.
    """
    return {
        f"{toolchain.facts}.py": facts + _inside_sysroot(("CONFINCLUDEPY", "INCLUDEPY", "LIBDIR")),
        f"{_MODULE}.pth": f"import {_MODULE}\n",
        f"{_MODULE}.py": _MACHINE.format(machine=toolchain.machine),
    }


def _inside_sysroot(names: Iterable[str]) -> str:
    lines = (
        f"build_time_vars[{name!r}] = {SYSROOT!r} + build_time_vars[{name!r}]" for name in names
    )
    return "\n" + "\n".join(lines) + "\n"


def read_facts(root: Path, toolchain: Toolchain, python: tuple[int, int]) -> str | None:
    """Return the module in which the Python of a root tells how it was built; None without one."""
    file = root / f"usr/lib/python{python[0]}.{python[1]}/{toolchain.facts}.py"
    return file.read_text(encoding="utf-8") if file.is_file() and not file.is_symlink() else None
