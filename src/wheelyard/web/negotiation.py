"""Choose what a client gets from what it accepts (RFC 9110, section 12.5); pure."""

from enum import StrEnum


class SimpleType(StrEnum):
    """The media types of the simple repository API (PEP 691), as we send them."""

    JSON = "application/vnd.pypi.simple.v1+json"
    HTML = "application/vnd.pypi.simple.v1+html"
    LEGACY_HTML = "text/html"


class Coding(StrEnum):
    """The content codings that pages are kept in, the one we like best first."""

    ZSTD = "zstd"
    GZIP = "gzip"


_NAMES = {
    "application/vnd.pypi.simple.v1+json": SimpleType.JSON,
    "application/vnd.pypi.simple.latest+json": SimpleType.JSON,
    "application/vnd.pypi.simple.v1+html": SimpleType.HTML,
    "application/vnd.pypi.simple.latest+html": SimpleType.HTML,
    "text/html": SimpleType.LEGACY_HTML,
}
_RANGES = {
    "*/*": (SimpleType.LEGACY_HTML, SimpleType.JSON, SimpleType.HTML),
    "text/*": (SimpleType.LEGACY_HTML,),
    "application/*": (SimpleType.JSON, SimpleType.HTML),
}
_MAX_HEADER = 2000


def simple_type(accept: str | None) -> SimpleType:
    """Return the form of a simple page that suits an `Accept` header best.

    Among equally welcome forms, one that is named wins over a wildcard's, and JSON over HTML.
    Without a header, or when nothing that we have is acceptable, it is HTML.
    """
    qualities = _qualities(accept)
    best: tuple[float, int, SimpleType] | None = None
    for rank, kind in enumerate(SimpleType):
        names = [name for name, named in _NAMES.items() if named is kind and name in qualities]
        if not names:
            continue
        quality = max(qualities[name] for name in names)
        if quality > 0 and (best is None or (quality, -rank) > (best[0], -best[1])):
            best = (quality, rank, kind)
    wild = _best_by_wildcard(qualities)
    if wild is not None and (best is None or wild[0] > best[0]):
        return wild[1]
    return SimpleType.LEGACY_HTML if best is None else best[2]


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether a client takes a body that is compressed with gzip; without the header it is not."""
    qualities = _qualities(accept_encoding)
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def content_coding(accept_encoding: str | None) -> Coding | None:
    """Return the coding that suits an `Accept-Encoding` header best; None for the plain bytes.

    Plain bytes win only where the client names `identity` with a higher quality; without the
    header, or when no coding of ours is welcome, they are the answer too.
    """
    qualities = _qualities(accept_encoding)
    welcome = {coding: qualities.get(coding, qualities.get("*", 0.0)) for coding in Coding}
    best = max(Coding, key=lambda coding: welcome[coding])
    return best if welcome[best] > 0 and welcome[best] >= qualities.get("identity", 0.0) else None


def _best_by_wildcard(qualities: dict[str, float]) -> tuple[float, SimpleType] | None:
    """Return the most welcome form that only a wildcard names; a name wins over a wildcard."""
    named = {_NAMES[name] for name in qualities if name in _NAMES}
    best: tuple[float, SimpleType] | None = None
    for pattern, kinds in reversed(_RANGES.items()):
        quality = qualities.get(pattern, 0.0)
        left = [kind for kind in kinds if kind not in named]
        if quality > 0 and left and (best is None or quality > best[0]):
            best = (quality, left[0])
    return best


def _qualities(header: str | None) -> dict[str, float]:
    """Read `name;q=0.5, …`: lower-case name to quality; a quality that is no number counts as 0."""
    qualities: dict[str, float] = {}
    for item in (header or "")[:_MAX_HEADER].lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name:
            qualities[name] = _quality(parameters)
    return qualities


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0
