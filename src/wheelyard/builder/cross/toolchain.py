"""The words for compiling for one architecture on another, and the variables of such a build."""

from dataclasses import dataclass

from wheelyard.builder.environments.choice import Pair
from wheelyard.builder.environments.root import SYSROOT
from wheelyard.builder.requirements import INSIDE
from wheelyard.model.environment import MACHINES, TRIPLETS

PLACE = "/build/cross"
"""Where the sandbox shows what tells build tools of the target (`files`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """Debian's compilers for `architecture` on machines of another one, `native`.

    Both are Debian's words.
    """

    architecture: str
    native: str

    @property
    def triplet(self) -> str:
        """The prefix of its programs, and Debian's folder of its libraries."""
        return TRIPLETS[self.architecture]

    @property
    def native_triplet(self) -> str:
        """Debian's folder of the building machine's own libraries."""
        return TRIPLETS[self.native]

    @property
    def machine(self) -> str:
        """The kernel's word for machines of the target's kind."""
        return MACHINES[self.architecture]

    @property
    def facts(self) -> str:
        """The module in which the target's Python keeps how it was built (sysconfig)."""
        return f"_sysconfigdata__{self.triplet}"


def toolchain_of(pair: Pair) -> Toolchain:
    """Return the compilers that a pair of environments is for."""
    return Toolchain(architecture=pair.target.architecture, native=pair.native.architecture)


def variables(toolchain: Toolchain) -> dict[str, str]:
    """Return the variables that make build tools compile for the target.

    Whatever else a project starts finds the target's compilers under the usual names, for they are
    first in PATH; programs that it makes for itself run under emulation, with the target's
    libraries.
    """
    prefix = f"{toolchain.triplet}-"
    libraries = f"{SYSROOT}/usr/lib/{toolchain.triplet}"
    return {
        "PATH": f"{PLACE}/bin:{INSIDE}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "CC": f"{prefix}gcc",
        "CXX": f"{prefix}g++",
        "AR": f"{prefix}ar",
        "STRIP": f"{prefix}strip",
        "CC_FOR_BUILD": "/usr/bin/gcc",
        "CXX_FOR_BUILD": "/usr/bin/g++",
        "CMAKE_TOOLCHAIN_FILE": f"{PLACE}/toolchain.cmake",
        "PKG_CONFIG_LIBDIR": f"{libraries}/pkgconfig:{SYSROOT}/usr/share/pkgconfig",
        "PKG_CONFIG_SYSROOT_DIR": SYSROOT,
        "QEMU_LD_PREFIX": SYSROOT,
        "_PYTHON_HOST_PLATFORM": f"linux-{toolchain.machine}",
        "_PYTHON_SYSCONFIGDATA_NAME": toolchain.facts,
    }


def config_settings(backend: str) -> dict[str, list[str]] | None:
    """Return what a back end must be told besides (PEP 517); most read variables."""
    if backend.partition(":")[0] == "mesonpy":
        return {"setup-args": [f"--cross-file={PLACE}/meson.ini"]}
    return None


def own_tools(backend: str) -> tuple[str, ...]:
    """Return requirements that a back end does not ask for itself when it believes the target.

    scikit-build-core asks for wheels of CMake only where it knows that there are such for the
    machine that it builds for; here they must run on another one.
    """
    return ("cmake", "ninja") if backend.startswith("scikit_build_core") else ()
