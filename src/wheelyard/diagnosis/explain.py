"""One plain sentence for each kind of cause."""

from wheelyard.diagnosis.cause import Cause, CauseKind

_SENTENCES = {
    CauseKind.MISSING_HEADER: "The header {} is not there",
    CauseKind.MISSING_LIBRARY: "The library {} is not there",
    CauseKind.MISSING_PKG_CONFIG: "pkg-config does not find {}",
    CauseKind.MISSING_CMAKE_PACKAGE: "CMake does not find {}",
    CauseKind.MISSING_MESON_DEPENDENCY: "Meson does not find the dependency {}",
    CauseKind.MISSING_CONFIG_TOOL: "The program {}, which tells where a library is, is not there",
    CauseKind.MISSING_PROGRAM: "The program {} is not there",
    CauseKind.PROGRAM_TOO_OLD: "The program {} is too old for this project",
    CauseKind.LIBRARY_TOO_OLD: "The distribution's {} is too old for this project",
    CauseKind.AUTHOR_MESSAGE: "The project says that {} is missing",
    CauseKind.MISSING_BUILD_DEPENDENCY: "The build needs {}, which is not declared or not there",
    CauseKind.DEPENDENCY_CONFLICT: "The requirements contradict each other: {}",
    CauseKind.BUILD_TOOL_CHANGED: "The project was made for an older {}",
    CauseKind.CYTHON3: "The code was written for a Cython before 3: {}",
    CauseKind.SETUPTOOLS_REMOVED: "setuptools no longer has {}",
    CauseKind.DISTUTILS_REMOVED: "This Python no longer has {}",
    CauseKind.USE_2TO3: "setuptools no longer converts code from Python 2",
    CauseKind.NUMPY_API: "NumPy no longer has {}",
    CauseKind.PYTHON2_ONLY: "The code is for Python 2 only: {}",
    CauseKind.PYTHON_API: "The code uses {}, which this Python's C interface no longer has",
    CauseKind.PYTHON_TOO_NEW: "The code uses {}, which this Python no longer has",
    CauseKind.PYTHON_REFUSED: "The project refuses this Python; it states: {}",
    CauseKind.WANTS_NETWORK: "The build wants the network ({}), which builds do not have",
    CauseKind.NEEDS_GIT: "The build wants the repository that it came from ({})",
    CauseKind.WRONG_OS: "The project is for another operating system: {}",
    CauseKind.WRONG_MACHINE: "The project is for other processors: {}",
    CauseKind.DELIBERATE: "The project fails on purpose: {}",
    CauseKind.NO_SDIST: "There is no source distribution of {}",
    CauseKind.NO_SUCH_VERSION: "There is no such version: {}",
    CauseKind.INCOMPLETE_SDIST: "The source distribution lacks {}",
    CauseKind.SDIST_INVALID: "The source distribution cannot be used: {}",
    CauseKind.HASH_MISMATCH: "A download does not have the hash that was promised: {}",
    CauseKind.METADATA_INVALID: "The project's metadata is not valid: {}",
    CauseKind.COMPILE_ERROR: "The compiler rejects the project's code: {}",
    CauseKind.LINK_ERROR: "The linker rejects the project's objects: {}",
    CauseKind.TEST_FAILURE: "Tests that run during the build failed: {}",
    CauseKind.INVALID_WHEEL: "The wheel that came out cannot be used: {}",
    CauseKind.OUT_OF_MEMORY: "The memory did not suffice: {}",
    CauseKind.PROCESS_LIMIT: "No further process could be started",
    CauseKind.NO_SPACE: "There was no space left to write",
    CauseKind.TIMEOUT: "The build took too long",
    CauseKind.CLOCK_SKEW: "The machine's clock and the times of files disagree",
    CauseKind.TRUNCATED_LOG: "The log stops in the middle and does not say why",
    CauseKind.INDEX_TROUBLE: "The package index could not be reached or failed: {}",
    CauseKind.UNKNOWN: "It failed, and nothing in the log says why",
}


def sentence(cause: Cause) -> str:
    """Return what a cause means, for people, without a full stop."""
    text = _SENTENCES[cause.kind]
    if cause.subject is None:
        # Leave out the place for the subject together with what leads up to it.
        return text.replace(" ({})", "").replace(": {}", "").replace("{}", "something")
    return text.format(cause.subject)
