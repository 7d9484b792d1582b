"""The names of the files in a wheel, before anything is written anywhere."""

import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.utils import InvalidName as _InvalidPackagingName
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from wheelyard.certify.archive import Member
from wheelyard.model.names import WheelName

SCHEMES = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
"""What may be below a wheel's `.data` folder (binary distribution format)."""

_MAX_PATH = 1024
_MAX_COMPONENT = 255
_FIRST_PRINTABLE = " "
_DELETE = "\x7f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """The names of a wheel's two folders of its own; `data` need not be there."""

    dist_info: str
    data: str


def path_problems(members: Sequence[Member]) -> Iterator[str]:
    """Yield what is wrong with the entries of an archive as names of files.

    Escapes, special files, names that a program could read in two ways, and names that are the
    same on a file system that ignores case or Unicode form.
    """
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for member in members:
        problem = _problem_of(member)
        if problem:
            yield f"{_shown(member.name)} {problem}"
            continue
        folded = _folded(installed_path(member.name)).rstrip("/")
        seen = folders if member.is_folder else files
        if folded in seen:
            yield f"{_shown(member.name)} and {_shown(seen[folded])} are the same name"
        seen[folded] = member.name
        for end in (place for place, letter in enumerate(folded) if letter == "/"):
            folders.setdefault(folded[:end], member.name)
    for folded in files.keys() & folders.keys():
        yield f"{_shown(files[folded])} is a file and a folder"


def find_folders(members: Sequence[Member], wheel: WheelName) -> Folders | list[str]:
    """Return the wheel's own folders, or what is wrong with them."""
    tops = sorted({member.name.partition("/")[0] for member in members if "/" in member.name})
    dist_infos = [top for top in tops if top.lower().endswith(".dist-info")]
    if len(dist_infos) != 1:
        return [f"there must be one .dist-info folder, not {len(dist_infos)}", *dist_infos[:5]]
    folders = Folders(
        dist_info=dist_infos[0], data=dist_infos[0].removesuffix(".dist-info") + ".data"
    )
    if not _is_named_like(folders.dist_info, wheel):
        return [f"{_shown(folders.dist_info)} is not that of {wheel.project} {wheel.version}"]
    problems = [
        f"{_shown(top)} should be {_shown(folders.data)}"
        for top in tops
        if top.lower().endswith(".data") and top != folders.data and _is_named_like(top, wheel)
    ]
    problems += [
        f"{_shown(member.name)} is in no known installation scheme"
        for member in members
        if member.name.startswith(f"{folders.data}/") and not _is_in_scheme(member)
    ]
    problems += [
        f"{_shown(member.name)} would install another .dist-info folder"
        for member in members
        if _is_dist_info(installed_path(member.name)) and not _is_dist_info(member.name)
    ]
    return problems or folders


def _problem_of(member: Member) -> str | None:
    name = member.name
    components = name.removesuffix("/").split("/")
    kind = stat.S_IFMT(member.mode)
    expected_kind = stat.S_IFDIR if member.is_folder else stat.S_IFREG
    complaints = {
        "is too long a name": len(name) > _MAX_PATH
        or any(len(component.encode()) > _MAX_COMPONENT for component in components),
        "has control characters in its name": any(
            letter < _FIRST_PRINTABLE or letter == _DELETE for letter in name
        ),
        "has a backslash in its name": "\\" in name,
        "leads out of the wheel, or is not a plain path": any(
            component in {"", ".", ".."} for component in components
        ),
        "names a drive": components[0][1:2] == ":",
        "is a link or a special file": kind not in {0, expected_kind},
        "is a folder with contents": member.is_folder and member.size > 0,
    }
    return next((complaint for complaint, applies in complaints.items() if applies), None)


def installed_path(name: str) -> str:
    """Return where a file goes below site-packages, if it goes there; else its own name."""
    top, _, rest = name.partition("/")
    scheme, _, below = rest.partition("/")
    if top.lower().endswith(".data") and scheme in {"purelib", "platlib"} and below:
        return below
    return name


def _is_dist_info(name: str) -> bool:
    return name.partition("/")[0].lower().endswith(".dist-info")


def _is_in_scheme(member: Member) -> bool:
    components = member.name.rstrip("/").split("/")
    if member.is_folder and len(components) == 1:
        return True
    is_deep_enough = member.is_folder or len(components) > len(("data folder", "scheme"))
    return components[1] in SCHEMES and is_deep_enough


def _is_named_like(folder: str, wheel: WheelName) -> bool:
    """Whether a folder is called NAME-VERSION.something, for the wheel's name and version."""
    stem = folder.rpartition(".")[0]
    name, dash, version = stem.rpartition("-")
    try:
        return bool(dash) and (
            canonicalize_name(name, validate=True) == wheel.project
            and Version(version) == wheel.version
        )
    except (_InvalidPackagingName, InvalidVersion):
        return False


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _shown(name: str) -> str:
    return ascii(name[:200])
