"""XML-RPC calls over our own client, with limits; what comes back is not believed."""

import re
import xmlrpc.client  # nosec - the parser in front of it takes no entities, see `markup`
from datetime import timedelta
from typing import Any

from wheelyard.errors import InvalidPage, SourceMissing, UpstreamUnavailable
from wheelyard.upstream.exchange import Document, Exchange
from wheelyard.upstream.markup import read_xml

_MEDIA_TYPE = "text/xml"
_MEDIA_TYPES = frozenset({"text/xml", "application/xml"})
_MAX_BYTES = 64 * 2**20
_LONGEST = timedelta(minutes=2)
_METHOD_UNKNOWN = -32601
_TOO_MANY = re.compile(r"TooManyRequests")
_RESET = re.compile(r"reset in ([0-9]{1,6}) second")
_DEFAULT_WAIT_SECONDS = 30.0
_MAX_SHOWN = 200


def call(exchange: Exchange, url: str, method: str, *params: int) -> Any:  # noqa: ANN401 - any value
    """Call a method at `url` and return its one result, made of plain Python values.

    Raises:
        SourceMissing: if nothing at that address speaks XML-RPC or knows the method.
        UpstreamUnavailable: if it does not answer, or says that the call failed; with the time
            to wait where that was for too many calls.
        InvalidPage: if the answer is none.
    """
    document = Document(url=url, accept=_MEDIA_TYPE, limit=_MAX_BYTES, within=_LONGEST)
    request = xmlrpc.client.dumps(params, method).encode()
    # Handlers are its public way in; unlike its own parser, ours refuses document types.
    values = xmlrpc.client.Unmarshaller(use_builtin_types=True)
    values.xml(None, None)  # type: ignore[arg-type] # no encoding: what comes is text already
    try:
        with exchange.post(document, content=request, media_type=_MEDIA_TYPE) as answer:
            if answer.media_type not in _MEDIA_TYPES:
                raise SourceMissing(url, f"It answered as {ascii(answer.media_type)[:80]}")
            read_xml(answer.pieces, url, start=values.start, text=values.data, end=values.end)
        (result,) = values.close()
    except xmlrpc.client.Fault as fault:
        raise _failure(fault, url) from None
    except (xmlrpc.client.Error, LookupError, TypeError, ValueError, ArithmeticError):
        raise InvalidPage(url, "It is not an answer to an XML-RPC call") from None
    return result


def _failure(fault: xmlrpc.client.Fault, url: str) -> SourceMissing | UpstreamUnavailable:
    if fault.faultCode == _METHOD_UNKNOWN:
        return SourceMissing(url, "It does not know the method")
    message = str(fault.faultString)
    wait = None
    if _TOO_MANY.search(message):
        told = _RESET.search(message)
        wait = float(told[1]) if told else _DEFAULT_WAIT_SECONDS
    shown = ascii(message[:_MAX_SHOWN])
    return UpstreamUnavailable(url, f"The call failed: {shown}", retry_after=wait)
