"""Reading Debian's lists: Contents files, and the paragraphs of Packages and Sources.

Their forms are those of the Debian repository format and of Debian's policy (sections 5.1 and 7.1).
Whatever does not read like that is passed over: a list is not ours.
"""

import re
from collections.abc import Iterable, Iterator

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{0,98}[a-z0-9+.]")
_HEADERS = b"usr/include/"
_PROGRAMS = re.compile(rb"(?:(?:usr/)?s?bin|usr/games)/[^/]+")
_LIBRARY = re.compile(rb"lib[^/]*\.(?:so(?:\.[0-9.]+)?|a)")
_OTHERS = re.compile(rb"[^/]+(?:\.pc|Config\.cmake|-config\.cmake)|Find[^/]+\.cmake")
_FOREIGN = re.compile(
    rb"usr/lib/(?:python|pypy|debug|ocaml|ghc|haskell|R/|ruby|node|go-|cargo|erlang|perl|jvm/[^/]+/legal)"
    rb"|usr/(?:lib|share)/(?:[^/]+/)*?(?:test|tests|examples?|doc)/"
)
_SHARED = b"usr/share/"
_SHARED_ENDINGS = (b".pc", b".cmake", b".m4")
_MAX_PATH = 400
_COLUMNS = 2
_NEEDED = ("Package", "Binary", "Build-Depends", "Build-Depends-Arch", "Depends")


def read_contents(lines: Iterable[bytes]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Give folder, name and packages of each file that a build may want.

    Packages come without their sections; names that policy forbids are left out, and so are paths
    with blanks, which no build includes.
    """
    for line in lines:
        columns = line.split(None, 2)
        if len(columns) != _COLUMNS:
            continue
        raw, held_by = columns
        if raw.startswith(_SHARED) and not raw.endswith(_SHARED_ENDINGS):
            # This is most of a list, and passed over without a closer look.
            continue
        if not _is_kept(raw):
            continue
        try:
            path, locations = raw.decode(), held_by.decode().split(",")
        except UnicodeDecodeError:
            continue
        names = (location.rpartition("/")[2].strip() for location in locations)
        packages = tuple(filter(is_package_name, names))
        folder, _, name = path.rpartition("/")
        if packages and name:
            yield folder, name, packages


def _is_kept(path: bytes) -> bool:
    if path.startswith(_HEADERS):
        return len(path) <= _MAX_PATH
    if _FOREIGN.match(path) is not None or len(path) > _MAX_PATH:
        return False
    name = path.rpartition(b"/")[2]
    if path.startswith((b"usr/lib/", b"lib/")):
        return (
            b"/include/" in path
            or _LIBRARY.fullmatch(name) is not None
            or _OTHERS.fullmatch(name) is not None
        )
    if path.startswith(b"usr/share/"):
        macro = path.startswith(b"usr/share/aclocal") and name.endswith(b".m4")
        return macro or _OTHERS.fullmatch(name) is not None
    return _PROGRAMS.fullmatch(path) is not None


def is_package_name(text: str) -> bool:
    """Whether a package may have this name (Debian policy, section 5.6.7)."""
    return _PACKAGE.fullmatch(text) is not None


def read_paragraphs(lines: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """Give the fields of each paragraph that say who needs what."""
    fields: dict[str, str] = {}
    key = ""
    for raw in lines:
        line = raw.decode(errors="replace").rstrip("\n")
        if not line.strip():
            if fields:
                yield fields
            fields, key = {}, ""
        elif line[0] in " \t":
            if key:
                fields[key] += " " + line.strip()
        else:
            name, _, value = line.partition(":")
            key = name if name in _NEEDED else ""
            if key:
                fields[key] = value.strip()
    if fields:
        yield fields


def read_relations(field: str) -> Iterator[tuple[str, ...]]:
    """Give the alternatives of each relation, without versions, architectures and profiles.

    What is for a build of documentation or tests only (`<!nodoc>`, `<!nocheck>`), or not for
    Linux, is left out.
    """
    for relation in field.split(","):
        alternatives = []
        for text in relation.split("|"):
            if "<!nodoc>" in text or "<!nocheck>" in text or _FOR_OTHERS.search(text):
                continue
            name = re.split(r"[\s(\[<:]", text.strip(), maxsplit=1)[0]
            if is_package_name(name):
                alternatives.append(name)
        if alternatives:
            yield tuple(alternatives)


_FOR_OTHERS = re.compile(r"\[(?:!linux-any|hurd-\S+|kfreebsd-\S+)\]")
