"""The HTTP client of everything here that asks other servers."""

import re
import ssl
import time
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

import httpx2

_MAX_CONNECTIONS = 4
_MAX_REDIRECTS = 5
_MAX_CONTACT = 200
_LONGEST_BODY = timedelta(minutes=5)
_NOT_IN_A_COMMENT = re.compile(r"[^ -~]|[()\\]")


def http_client(*, contact: str, timeout: timedelta) -> httpx2.Client:
    """Return a polite client; whoever asks for it closes it.

    It trusts the certificates of the system (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured),
    says who it is (see `user_agent`), opens few connections, follows few redirects, and those to
    http and https only. `timeout` holds for connecting and for each wait for bytes, not for a
    whole body: see `read_limited`.
    """
    return httpx2.Client(
        verify=ssl.create_default_context(),
        headers={"User-Agent": user_agent(contact)},
        timeout=timeout.total_seconds(),
        limits=httpx2.Limits(
            max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_CONNECTIONS
        ),
        follow_redirects=True,
        max_redirects=_MAX_REDIRECTS,
    )


def user_agent(contact: str) -> str:
    """Return `wheelyard/<version> (+<contact>)`, safe in a header whatever the contact holds."""
    try:
        own_version = version("wheelyard")
    except PackageNotFoundError:
        # The code runs from a tree that was never installed.
        own_version = "0"
    comment = _NOT_IN_A_COMMENT.sub("", contact)[:_MAX_CONTACT].strip()
    return f"wheelyard/{own_version} (+{comment})"


def read_limited(
    response: httpx2.Response, limit: int, *, within: timedelta = _LONGEST_BODY
) -> bytes | None:
    """Read the body of a streamed response; return None if it is larger than `limit` bytes.

    The limit holds for the body as decoded, so that a few compressed bytes cannot fill the
    memory; an announced length that is too large is refused before anything is read.

    Raises:
        httpx2.ReadTimeout: if the whole body has not come `within` this time: a server that sends
            a byte now and then would hold its reader for ever.
        httpx2.HTTPError: if the body breaks off.
    """
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > limit:
        return None
    deadline = time.monotonic() + within.total_seconds()
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > limit:
            return None
        if time.monotonic() > deadline:
            raise httpx2.ReadTimeout("the body takes too long", request=response.request)
    return bytes(body)
