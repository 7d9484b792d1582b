"""HTML simple pages taken apart into links and meta tags, without judging what they hold."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

from wheelyard.errors import InvalidPage
from wheelyard.upstream.values import clean_core_metadata, clean_hashes, clean_integer

_FILE_ENDINGS = (
    ".whl",
    ".tar.gz",
    ".zip",
    ".tar.bz2",
    ".tar.xz",
    ".tar.z",
    ".tgz",
    ".tar",
    ".egg",
    ".exe",
    ".msi",
    ".rpm",
    ".deb",
    ".dmg",
)
"""What names of distribution files end in, in lower case; other links on a page are no files."""

_SERIAL = re.compile(r"\s*SERIAL\s+([0-9]{1,19})\s*")
_HEADINGS = ("links for", "simple index")


@dataclass(frozen=True, slots=True)
class Link:
    """One anchor of a page: where it leads, and its attributes, unescaped."""

    url: str
    attributes: dict[str, str]

    @property
    def filename(self) -> str:
        """The last component of the URL's path, which names the file (PEP 503)."""
        try:
            path = urlsplit(self.url).path
        except ValueError:
            return ""
        return unquote(path.rpartition("/")[2])

    @property
    def is_file(self) -> bool:
        """Whether the link leads to something that is named like a distribution."""
        return self.filename.lower().endswith(_FILE_ENDINGS)

    @property
    def core_metadata(self) -> dict[str, str] | bool | None:
        """What the link says about the metadata file: `true`, or a digest (PEP 658, 714)."""
        for attribute in ("data-core-metadata", "data-dist-info-metadata"):
            text = self.attributes.get(attribute)
            if text is None:
                continue
            algorithm, equals, digest = text.strip().partition("=")
            if equals:
                return clean_core_metadata(clean_hashes({algorithm: digest}))
            if _BOOLEANS.get(algorithm.lower()) is not None:
                return _BOOLEANS[algorithm.lower()]
        return None

    @property
    def gpg_sig(self) -> bool | None:
        """Whether there is a signature beside the file, where the page tells."""
        return _BOOLEANS.get(self.attributes.get("data-gpg-sig", "").strip().lower())


_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """What a page holds: its links in order, its meta tags by name, and what it is relative to."""

    base: str
    links: tuple[Link, ...]
    meta: dict[str, str]
    serial: int | None
    headings: tuple[str, ...]

    @property
    def says_what_it_is(self) -> bool:
        """Whether the page calls itself a simple page, by its version or its heading."""
        return "pypi:repository-version" in self.meta or any(
            heading.strip().lower().startswith(_HEADINGS) for heading in self.headings
        )


def read_html(content: bytes, url: str) -> HtmlPage:
    """Take apart the HTML page that came from `url`; bytes that are not UTF-8 are replaced.

    Raises:
        InvalidPage: if it cannot be parsed at all.
    """
    reader = _Reader()
    try:
        reader.feed(content.decode("utf-8", errors="replace"))
        reader.close()
        base = urljoin(url, reader.base or "")
    except (AssertionError, ValueError):
        # The standard library's parser asserts on some malformed declarations.
        raise InvalidPage(url, "It is not valid HTML") from None
    return HtmlPage(
        base=base,
        links=tuple(reader.links),
        meta=reader.meta,
        serial=reader.serial,
        headings=tuple(reader.headings),
    )


class _Reader(HTMLParser):
    """Collects what a simple page can hold."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.links: list[Link] = []
        self.meta: dict[str, str] = {}
        self.serial: int | None = None
        self.headings: list[str] = []
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Of an attribute given twice the first counts, as in browsers.
        attributes = {name: value or "" for name, value in reversed(attrs)}
        self._in_heading = tag in {"title", "h1"}
        if tag == "a" and attributes.get("href"):
            self.links.append(Link(attributes["href"], attributes))
        elif tag == "meta" and attributes.get("name"):
            self.meta.setdefault(attributes["name"].lower(), attributes.get("content", ""))
        elif tag == "base" and self.base is None:
            self.base = attributes.get("href")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's signature
        self._in_heading = False

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.headings.append(data)

    def handle_comment(self, data: str) -> None:
        match = _SERIAL.fullmatch(data)
        if match:
            self.serial = clean_integer(match[1])
