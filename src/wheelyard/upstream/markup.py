"""XML from elsewhere, read as it comes: no document types, so no entities, and nothing is kept."""

from collections.abc import Callable, Iterable
from typing import NoReturn
from xml.parsers import expat  # nosec - entities cannot be declared, see below

from wheelyard.errors import InvalidPage


def read_xml(
    pieces: Iterable[bytes],
    url: str,
    *,
    start: Callable[[str, dict[str, str]], object],
    text: Callable[[str], object],
    end: Callable[[str], object],
) -> None:
    """Call `start`, `text` and `end` for what the document from `url` holds, in its order.

    Raises:
        InvalidPage: if it is no whole XML document, or has a document type: only that can declare
            entities, the way to turn a few bytes into gigabytes.
    """

    def refuse(*_: object) -> NoReturn:
        raise InvalidPage(url, "It has a document type, which is not read")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parser.EndElementHandler = end
    try:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003 - pyexpat takes it by position only
        parser.Parse(b"", True)  # noqa: FBT003 - the same
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise InvalidPage(url, f"It is not valid XML: {error}") from None
