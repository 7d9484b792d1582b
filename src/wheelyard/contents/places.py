"""Where a wanted thing may be: the names and folders of files to look for; pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wheelyard.contents.ranking import is_common_header
from wheelyard.model.wanted import Wanted, WantedKind

_MAX_NAME = 300
_INCLUDE_ROOT = re.compile(r"usr/include(?:/[a-z0-9_]+-linux-gnu[a-z0-9]*)?(?:/python3\.\d+)?")
_LIBRARY_ROOT = re.compile(r"(?:usr/)?lib(?:/[a-z0-9_]+-linux-gnu[a-z0-9]*)?")
_HEADER_FOLDER = re.compile(r"(?:.*/)?include(?:/.*)?")
_KERNEL_FOLDER = re.compile(r"usr/include/(?:[a-z0-9_]+-linux-gnu[a-z0-9]*/)?(?:linux|asm.*|rdma)")
_PROGRAM_FOLDER = re.compile(r"(?:usr/)?s?bin|usr/games")
_FOLDERS = {
    WantedKind.LIBRARY: re.compile(r"(?:usr/)?lib(?:/.*)?"),
    WantedKind.PROGRAM: _PROGRAM_FOLDER,
    # What cmake brings itself finds a library, but holds none.
    WantedKind.CMAKE_PACKAGE: re.compile(r"(?!usr/share/cmake-[0-9.]+/Modules).*"),
    WantedKind.AUTOCONF_MACRO: re.compile(r"usr/share/aclocal.*"),
}
_HEADERS = frozenset({WantedKind.HEADER, WantedKind.TOP_HEADER})
_OWN_FIND = re.compile(r".*/(?:cmake/)?(?:Modules|modules|upstream|private|find-modules).*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file's name, the end of its folder, and whether the name was only guessed."""

    kind: WantedKind
    name: str
    folder: str = ""
    likely: bool = True

    def fits(self, folder: str) -> bool:
        """Whether a file of this name in this folder is what is wanted."""
        if self.folder and not f"/{folder}".endswith(f"/{self.folder}"):
            return False
        if self.kind in _HEADERS:
            return self._fits_header(folder)
        within = _FOLDERS.get(self.kind)
        return within is None or within.fullmatch(folder) is not None

    def _fits_header(self, folder: str) -> bool:
        if self.kind is WantedKind.TOP_HEADER:
            return self.is_exact(folder)
        if _HEADER_FOLDER.fullmatch(folder) is None:
            return False
        return self.is_exact(folder) or _KERNEL_FOLDER.match(self._before(folder)) is None

    def is_exact(self, folder: str) -> bool:
        """Whether it is there found without further options."""
        before = self._before(folder)
        match self.kind:
            case WantedKind.HEADER | WantedKind.TOP_HEADER:
                return _INCLUDE_ROOT.fullmatch(before) is not None
            case WantedKind.LIBRARY:
                return _LIBRARY_ROOT.fullmatch(before) is not None
            case WantedKind.CMAKE_PACKAGE:
                # One that a package brings for its own build says nothing of the library.
                return not self.name.startswith("Find") and _OWN_FIND.fullmatch(folder) is None
            case _:
                return True

    def depth(self, folder: str) -> int:
        """Return how many folders below an include folder, or the root, it begins."""
        before = self._before(folder)
        inside = f"{before}/".rpartition("/include/")[2]
        return inside.count("/")

    def _before(self, folder: str) -> str:
        return folder[: len(folder) - len(self.folder)].rstrip("/") if self.folder else folder


def places(wanted: Wanted) -> Iterator[Place]:
    """Give the places of a wanted thing; none for a name that no file has."""
    parts = [part for part in wanted.name.strip().split("/") if part not in ("", ".", "..")]
    if not parts or len(wanted.name) > _MAX_NAME or not wanted.name.isprintable():
        return
    name, folder = parts[-1], "/".join(parts[:-1])
    match wanted.kind:
        case WantedKind.HEADER | WantedKind.TOP_HEADER | WantedKind.FILE:
            if not folder and is_common_header(name):
                return
            yield Place(kind=wanted.kind, name=name, folder=folder)
        case WantedKind.LIBRARY:
            yield from _libraries(name)
        case WantedKind.PKG_CONFIG:
            stem = name.removesuffix(".pc")
            yield Place(kind=wanted.kind, name=f"{stem}.pc")
            yield Place(kind=wanted.kind, name=f"{stem.lower()}.pc", likely=False)
            yield Place(kind=wanted.kind, name=f"lib{stem.lower()}.pc", likely=False)
        case WantedKind.CMAKE_PACKAGE:
            yield from _cmake(name)
        case WantedKind.PROGRAM:
            yield Place(kind=wanted.kind, name=name)
        case WantedKind.AUTOCONF_MACRO:
            stem = name.lower().removesuffix(".m4")
            yield Place(kind=wanted.kind, name=f"{stem}.m4")
            short = re.sub(r"^a[cmx]_(?:path|check|prog|lib|with)_", "", stem)
            yield Place(kind=wanted.kind, name=f"{short}.m4", likely=False)


def _libraries(name: str, *, likely: bool = True) -> Iterator[Place]:
    stem = re.sub(r"\.(?:so(?:\.[0-9.]+)?|a)$", "", name.removeprefix("-l"))
    for file in (f"lib{stem}.so", f"lib{stem}.a"):
        yield Place(kind=WantedKind.LIBRARY, name=file, likely=likely)
    if stem.startswith("lib"):
        yield Place(kind=WantedKind.LIBRARY, name=f"{stem}.so", likely=likely)


def _cmake(name: str) -> Iterator[Place]:
    kind, lower = WantedKind.CMAKE_PACKAGE, name.lower()
    for file in (f"{name}Config.cmake", f"{lower}-config.cmake", f"{name}-config.cmake"):
        yield Place(kind=kind, name=file)
    yield Place(kind=kind, name=f"Find{name}.cmake", likely=False)
    # What cmake finds with modules of its own has a library and pkg-config's file of such a name.
    for stem in dict.fromkeys((lower, name, f"lib{lower}", f"{lower}3", f"{lower}-3.0")):
        yield Place(kind=WantedKind.PKG_CONFIG, name=f"{stem}.pc", likely=False)
    for stem in dict.fromkeys((lower, name)):
        yield from _libraries(stem, likely=False)
