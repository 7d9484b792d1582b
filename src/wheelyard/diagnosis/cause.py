"""Kinds of causes, and what each means for the build as a whole."""

from dataclasses import dataclass, field
from enum import StrEnum

from wheelyard.model.build import FailureKind
from wheelyard.model.wanted import Wanted


class CauseKind(StrEnum):
    """The stable labels of causes, finer than `FailureKind`. The comments name the subject."""

    MISSING_HEADER = "missing-header"  # libxml/xmlversion.h
    MISSING_LIBRARY = "missing-library"  # -lhdf5, libhdf5.so
    MISSING_PKG_CONFIG = "missing-pkg-config"  # cairo.pc
    MISSING_CMAKE_PACKAGE = "missing-cmake-package"  # OpenSSL, as find_package calls it
    MISSING_MESON_DEPENDENCY = "missing-meson-dependency"  # dbus-1, as dependency() calls it
    MISSING_CONFIG_TOOL = "missing-config-tool"  # pg_config, gdal-config
    MISSING_PROGRAM = "missing-program"  # swig, cargo
    PROGRAM_TOO_OLD = "program-too-old"  # rustc
    LIBRARY_TOO_OLD = "library-too-old"  # glib-2.0
    AUTHOR_MESSAGE = "author-message"  # what the message names: jpeg
    MISSING_BUILD_DEPENDENCY = "missing-build-dependency"  # a Python module or requirement
    DEPENDENCY_CONFLICT = "dependency-conflict"  # a requirement
    BUILD_TOOL_CHANGED = "build-tool-changed"  # the build tool that became too new
    CYTHON3 = "cython3"  # Cython, or the name that Cython 3 rejects
    SETUPTOOLS_REMOVED = "setuptools-removed"  # what setuptools no longer has
    DISTUTILS_REMOVED = "distutils-removed"  # distutils, numpy.distutils
    USE_2TO3 = "use-2to3"  # use_2to3
    NUMPY_API = "numpy-api"  # what NumPy no longer has
    PYTHON2_ONLY = "python2-only"  # a module or name of Python 2, or "Python 2"
    PYTHON_API = "python-api"  # what CPython's C interface no longer has
    PYTHON_TOO_NEW = "python-too-new"  # what the standard library no longer has
    PYTHON_REFUSED = "python-refused"  # the Pythons that it wants: >=3.8.6,<3.11
    WANTS_NETWORK = "wants-network"  # the host that it wants
    NEEDS_GIT = "needs-git"  # git
    WRONG_OS = "wrong-os"  # what only other systems have
    WRONG_MACHINE = "wrong-machine"  # what only other processors have
    DELIBERATE = "deliberate"  # the project that fails on purpose
    NO_SDIST = "no-sdist"  # the requirement
    NO_SUCH_VERSION = "no-such-version"  # the requirement
    INCOMPLETE_SDIST = "incomplete-sdist"  # the file that is missing
    SDIST_INVALID = "sdist-invalid"  # the archive, if named
    HASH_MISMATCH = "hash-mismatch"
    METADATA_INVALID = "metadata-invalid"  # the field or value at fault
    COMPILE_ERROR = "compile-error"  # the source file
    LINK_ERROR = "link-error"  # the symbol
    TEST_FAILURE = "test-failure"  # the first test that failed
    INVALID_WHEEL = "invalid-wheel"  # the check of its certificate that failed
    OUT_OF_MEMORY = "out-of-memory"  # the program that was stopped
    PROCESS_LIMIT = "process-limit"
    NO_SPACE = "no-space"
    TIMEOUT = "timeout"
    CLOCK_SKEW = "clock-skew"
    TRUNCATED_LOG = "truncated-log"
    INDEX_TROUBLE = "index-trouble"  # the host or requirement
    UNKNOWN = "unknown"  # the last exception, if any

    @property
    def failure_kind(self) -> FailureKind:
        """The kind of failure that a build with this cause has."""
        return _FAILURE_KINDS[self]

    @property
    def is_of_system(self) -> bool:
        """Whether a package of the distribution may help."""
        return self.failure_kind is FailureKind.MISSING_SYSTEM_PACKAGE


_FAILURE_KINDS = {
    CauseKind.MISSING_HEADER: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.MISSING_LIBRARY: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.MISSING_PKG_CONFIG: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.MISSING_CMAKE_PACKAGE: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.MISSING_MESON_DEPENDENCY: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.MISSING_CONFIG_TOOL: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.MISSING_PROGRAM: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.PROGRAM_TOO_OLD: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.LIBRARY_TOO_OLD: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.AUTHOR_MESSAGE: FailureKind.MISSING_SYSTEM_PACKAGE,
    CauseKind.MISSING_BUILD_DEPENDENCY: FailureKind.MISSING_BUILD_DEPENDENCY,
    CauseKind.DEPENDENCY_CONFLICT: FailureKind.MISSING_BUILD_DEPENDENCY,
    CauseKind.BUILD_TOOL_CHANGED: FailureKind.METADATA_INVALID,
    CauseKind.CYTHON3: FailureKind.COMPILE_ERROR,
    CauseKind.SETUPTOOLS_REMOVED: FailureKind.MISSING_BUILD_DEPENDENCY,
    CauseKind.DISTUTILS_REMOVED: FailureKind.PYTHON_INCOMPATIBLE,
    CauseKind.USE_2TO3: FailureKind.PYTHON_INCOMPATIBLE,
    CauseKind.NUMPY_API: FailureKind.COMPILE_ERROR,
    CauseKind.PYTHON2_ONLY: FailureKind.PYTHON_INCOMPATIBLE,
    CauseKind.PYTHON_API: FailureKind.PYTHON_INCOMPATIBLE,
    CauseKind.PYTHON_TOO_NEW: FailureKind.PYTHON_INCOMPATIBLE,
    CauseKind.PYTHON_REFUSED: FailureKind.PYTHON_INCOMPATIBLE,
    CauseKind.WANTS_NETWORK: FailureKind.WANTS_NETWORK,
    CauseKind.NEEDS_GIT: FailureKind.METADATA_INVALID,
    CauseKind.WRONG_OS: FailureKind.COMPILE_ERROR,
    CauseKind.WRONG_MACHINE: FailureKind.COMPILE_ERROR,
    CauseKind.DELIBERATE: FailureKind.METADATA_INVALID,
    CauseKind.NO_SDIST: FailureKind.NO_SDIST,
    CauseKind.NO_SUCH_VERSION: FailureKind.NO_SDIST,
    CauseKind.INCOMPLETE_SDIST: FailureKind.SDIST_INVALID,
    CauseKind.SDIST_INVALID: FailureKind.SDIST_INVALID,
    CauseKind.HASH_MISMATCH: FailureKind.HASH_MISMATCH,
    CauseKind.METADATA_INVALID: FailureKind.METADATA_INVALID,
    CauseKind.COMPILE_ERROR: FailureKind.COMPILE_ERROR,
    CauseKind.LINK_ERROR: FailureKind.COMPILE_ERROR,
    CauseKind.TEST_FAILURE: FailureKind.COMPILE_ERROR,
    CauseKind.INVALID_WHEEL: FailureKind.OUTPUT_INVALID,
    CauseKind.OUT_OF_MEMORY: FailureKind.OUT_OF_MEMORY,
    CauseKind.PROCESS_LIMIT: FailureKind.PROCESS_LIMIT,
    CauseKind.NO_SPACE: FailureKind.DISK_FULL,
    CauseKind.TIMEOUT: FailureKind.TIMEOUT,
    CauseKind.CLOCK_SKEW: FailureKind.INFRASTRUCTURE,
    CauseKind.TRUNCATED_LOG: FailureKind.UNKNOWN,
    CauseKind.INDEX_TROUBLE: FailureKind.INFRASTRUCTURE,
    CauseKind.UNKNOWN: FailureKind.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to change in the recipe before the build is tried again; never taken from a log.

    `debian` packages to add, `requirements` for the build environment (additions or
    constraints, PEP 508), `limits` by the names of `Limits` (bytes, counts, seconds),
    `environment` variables to set.
    """

    debian: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause of a failure: what it is about, where the log shows it, and what may help.

    `evidence` are line numbers of the log, from 1; `confidence` runs from 0 to 1. `wanted` are
    alternatives, the likeliest first, of which a package of the distribution may bring one.
    """

    kind: CauseKind
    subject: str | None = None
    evidence: tuple[int, ...] = ()
    confidence: float = 0.0
    remedy: Remedy | None = None
    wanted: tuple[Wanted, ...] = ()
