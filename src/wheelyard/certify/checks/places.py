"""Where the files of a wheel go, what they tell of the builder, and silent fall-backs."""

from collections.abc import Iterator

from wheelyard.certify.checks.tags import is_pure
from wheelyard.certify.contents import Contents
from wheelyard.certify.expected import Expected
from wheelyard.certify.paths import installed_path
from wheelyard.model.certificate import Check, failed, not_applicable, passed
from wheelyard.model.names import WheelName

_OTHERS = {
    "pip": "pip",
    "setuptools": "setuptools",
    "pkg_resources": "setuptools",
    "_distutils_hack": "setuptools",
    "wheel": "wheel",
    "uv": "uv",
    "packaging": "packaging",
}
"""Import names that belong to one project, and that installers themselves rely on."""

_OF_THE_SITE = frozenset({"sitecustomize", "usercustomize", "site", "pyvenv"})
_PROGRAMS = ("python", "pip", "activate")
_OF_THE_PREFIX = frozenset({"bin", "sbin", "lib", "lib64", "include", "pyvenv.cfg"})
_ALLOWED_IN_PREFIX = ("lib/systemd/", "lib/udev/", "include/")


def own_names(contents: Contents, expected: Expected) -> Check:
    """No file takes a name or a place that belongs to Python, the installer or the system.

    A project may install modules of any name of its own, which are told as evidence.
    """
    name = "own-names"
    problems = list(_name_problems(contents, expected))
    if problems:
        return failed(name, "A file takes a place that is not the project's.", *problems)
    return passed(
        name, "Every file is in a place that a project may use.", *top_level_names(contents)
    )


def build_host(contents: Contents, expected: Expected) -> Check:
    """No text file tells of the machine that built it."""
    name = "build-host"
    if not expected.private:
        return not_applicable(name, "What the builder's secrets are is known to the builder only.")
    if contents.leaks:
        return failed(name, "A text file tells of the machine that built it.", *contents.leaks)
    return passed(name, "No text file tells of the machine that built it.")


def fall_back(contents: Contents, expected: Expected) -> Check:
    """A project that has compiled wheels for Linux does not silently come without compiled code.

    Wheels for other systems prove nothing: some projects compile only there.
    """
    name = "fall-back"
    release = expected.release
    if not release.is_known:
        return not_applicable(name, "The project's other wheels are not known here.")
    if not release.relatives:
        return not_applicable(name, "The project has no other wheels to compare with.")
    version = release.relatives[0].version
    compiled = [wheel for wheel in release.relatives if _is_for_linux(wheel)]
    has_pure = any(wheel.is_pure for wheel in release.relatives)
    evidence = f"of the wheels of {version}, {len(compiled)} are for one kind of Linux machine"
    if contents.objects or not is_pure(contents) or has_pure or not compiled:
        message = "The wheel is of the kind that the project has."
        return passed(name, message, evidence)
    message = "The project's wheels hold compiled code, and this one came out without any."
    return failed(name, message, evidence)


def top_level_names(contents: Contents) -> list[str]:
    """Return what a wheel puts directly into site-packages, sorted."""
    own = (f"{contents.folders.dist_info}/", f"{contents.folders.data}/")
    paths = map(installed_path, contents.files)
    return sorted({path.partition("/")[0] for path in paths if not path.startswith(own)})


def _name_problems(contents: Contents, expected: Expected) -> Iterator[str]:
    for top in top_level_names(contents):
        word = top.partition(".")[0]
        owner = _OTHERS.get(word)
        if word in _OF_THE_SITE or (owner is not None and owner != expected.project):
            yield f"{top!a} belongs to {owner or 'the site, not to a project'}"
    data = f"{contents.folders.data}/"
    for file in contents.files:
        if not file.startswith(data):
            continue
        scheme, _, place = file.removeprefix(data).partition("/")
        if scheme == "scripts" and place.lower().startswith(_PROGRAMS) and not _is_owner(expected):
            yield f"{file!a} would replace a program of the environment"
        top = place.partition("/")[0]
        is_allowed = place.startswith(_ALLOWED_IN_PREFIX)
        if scheme == "data" and top in _OF_THE_PREFIX and not is_allowed:
            yield f"{file!a} would be put among the environment's own files"


def _is_for_linux(wheel: WheelName) -> bool:
    return any("linux" in tag.platform for tag in wheel.tags)


def _is_owner(expected: Expected) -> bool:
    return expected.project in {*_OTHERS.values(), "virtualenv"}
