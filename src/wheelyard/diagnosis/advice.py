"""What a person can do about a cause that nothing here could mend; pure."""

from wheelyard.diagnosis.cause import CauseKind

_RECIPE = "add it to the project's recipe with wheelyard recipe set"
_AUTHOR = "ask the project's authors, and show them the evidence"

_NEWER = (
    "The distribution's version is too old: a newer distribution release may have it, or an older"
    " release of the project may be content with it."
)

_ADVICE = {
    CauseKind.MISSING_HEADER: f"If you know the Debian package that has it, {_RECIPE}.",
    CauseKind.MISSING_LIBRARY: f"If you know the Debian package that has it, {_RECIPE}.",
    CauseKind.MISSING_PKG_CONFIG: f"If you know the Debian package that has it, {_RECIPE}.",
    CauseKind.MISSING_CMAKE_PACKAGE: f"If you know the Debian package that has it, {_RECIPE}.",
    CauseKind.MISSING_MESON_DEPENDENCY: f"If you know the Debian package that has it, {_RECIPE}.",
    CauseKind.MISSING_CONFIG_TOOL: f"If you know the Debian package that has it, {_RECIPE}.",
    CauseKind.MISSING_PROGRAM: f"If you know the Debian package that has it, {_RECIPE}.",
    CauseKind.AUTHOR_MESSAGE: f"If you know what it asks for, {_RECIPE}.",
    CauseKind.PROGRAM_TOO_OLD: _NEWER,
    CauseKind.LIBRARY_TOO_OLD: _NEWER,
    CauseKind.MISSING_BUILD_DEPENDENCY: (
        "Add the requirement to the project's recipe; its authors should declare it in"
        " pyproject.toml."
    ),
    CauseKind.DEPENDENCY_CONFLICT: "Constrain one of the two in the project's recipe.",
    CauseKind.WANTS_NETWORK: (
        f"Builds have no network. If what it fetches is in a Debian package, {_RECIPE}; otherwise"
        f" {_AUTHOR}."
    ),
    CauseKind.PYTHON2_ONLY: "The release is for Python 2: use a newer release or another project.",
    CauseKind.PYTHON_REFUSED: "Use a release that is meant for the target's Python.",
    CauseKind.PYTHON_API: "A newer release may know the target's Python; an older Python works.",
    CauseKind.PYTHON_TOO_NEW: "A newer release may know the target's Python; an older one works.",
    CauseKind.WRONG_OS: "It is made for another system; nothing can be done here.",
    CauseKind.WRONG_MACHINE: "It is made for other processors; nothing can be done here.",
    CauseKind.DELIBERATE: "The project refuses to be installed; the log says what to use instead.",
    CauseKind.NO_SDIST: "Ask the project's authors to upload a source distribution.",
    CauseKind.NO_SUCH_VERSION: "Ask for a version that there is.",
    CauseKind.INCOMPLETE_SDIST: f"The source distribution lacks a file: {_AUTHOR}.",
    CauseKind.INVALID_WHEEL: (
        "The build itself went well; docs/certificates.md tells what each check wants. It is tried"
        " again when a release, the recipe or the environment changes."
    ),
    CauseKind.OUT_OF_MEMORY: "A builder with more memory, or a recipe with --jobs 1, may do it.",
    CauseKind.TIMEOUT: "A faster builder, or a recipe with a longer limit, may do it.",
    CauseKind.NO_SPACE: "A recipe with a higher limit of disk space may do it.",
}


def advice(kind: CauseKind) -> str:
    """Return what a person can do about a cause, in a sentence."""
    return _ADVICE.get(kind, f"Read the evidence; if it is the project's own fault, {_AUTHOR}.")
