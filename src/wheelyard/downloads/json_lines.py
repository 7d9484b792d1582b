"""Logs in JSON, a line an object: Caddy's, our own, and those of other servers and CDNs; pure.

Everybody names the same fields differently, so each field has a list of names; where an object
has several of them, the first of the list counts.
"""

import json
import re
from functools import lru_cache
from typing import Any, NamedTuple

from wheelyard.downloads.entries import Entry, first_byte_of, unquoted_twice
from wheelyard.downloads.moments import day_of

_TIME = (
    *("ts", "EdgeStartTimestamp", "StartUTC", "start_time", "time", "timestamp", "@timestamp"),
    *("time_iso8601", "time_local", "msec", "datetime", "date", "t"),
)
_METHOD = (
    *("method", "request_method", "ClientRequestMethod", "RequestMethod", "requestMethod"),
    *("cs-method", "http_method", "verb"),
)
_TARGET = (
    *("uri", "request_uri", "path", "ClientRequestURI", "ClientRequestPath", "RequestPath"),
    *("requestUrl", "cs-uri-stem", "url", "request_path", "target"),
)
_STATUS = (
    *("status", "status_code", "EdgeResponseStatus", "DownstreamStatus", "response_status"),
    *("sc-status", "response_code", "http_status", "statusCode", "code"),
)
_AGENT = (
    *("User-Agent", "user_agent", "http_user_agent", "agent", "ClientRequestUserAgent"),
    *("request_User-Agent", "userAgent", "request_user_agent", "user-agent", "cs(User-Agent)"),
)
_HOST = (
    *("client_ip", "remote_ip", "remote_addr", "ClientIP", "ClientHost", "remoteIp", "c-ip"),
    *("clientip", "remote_host", "downstream_remote_address", "host_ip", "ip"),
)
_RANGE = (
    *("range", "Range", "http_range", "request_range", "request_Range", "content_range"),
    *("sent_http_content_range", "sc-range-start"),
)
_FINISHED = ("finished", "request_completion", "completed")
_REMEMBERED = 1000
_TRUE = (True, "OK", "true", "1")
_ESCAPED_AGENT = "cs(User-Agent)"
_REQUEST_LINE = re.compile(r"([A-Z]{3,20}) (\S+)(?: HTTP/\d(?:\.\d)?)?")
_WITH_PORT = re.compile(r"(?:\[([^\]]+)\]|([^:]+)):\d{1,5}")
_DECODER = json.JSONDecoder()
_STATUSES = range(1000)
_PARTLY = 206
_NOTHING: dict[str, object] = {}


class _Names(NamedTuple):
    """Under which of its names an object has each field; empty where it has none."""

    time: str
    method: str
    target: str
    status: str
    agent: str
    host: str
    asked_range: str
    finished: str


@lru_cache(maxsize=_REMEMBERED)
def _names(keys: tuple[str, ...]) -> _Names:
    """Choose the names for all objects that have these keys; a server's nearly always do."""
    fields = (_TIME, _METHOD, _TARGET, _STATUS, _AGENT, _HOST, _RANGE, _FINISHED)
    return _Names(*(next((name for name in names if name in keys), "") for names in fields))


def read_json_line(line: bytes) -> Entry | None:
    """Read one line that is a JSON object; None if it is none, or no entry of a log."""
    # A server may pass on bytes that are no UTF-8; the rest of the line is good all the same.
    text = line.decode(errors="replace")
    try:
        told, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or text[end:].strip():
        return None
    request = told.get("request") or told.get("httpRequest")
    if isinstance(request, dict):
        return _entry(told | request, _object(request, "headers"), _object(told, "resp_headers"))
    found = _REQUEST_LINE.fullmatch(request) if isinstance(request, str) else None
    if found is not None:
        told = {"method": found[1], "uri": found[2]} | told
    return _entry(told, _NOTHING, _NOTHING)


def _entry(
    told: dict[str, Any], headers: dict[str, object], answered: dict[str, object]
) -> Entry | None:
    names = _names(tuple(told))
    day = day_of(told.get(names.time))
    if day is None:
        day = day_of(told.get("date"))  # CloudFront's `time` is that of the day.
    status = _status(told.get(names.status))
    target = told.get(names.target)
    if day is None or status is None or not isinstance(target, str):
        return None
    agent = _bytes(told.get(names.agent) or headers.get("User-Agent"))
    return Entry(
        day,
        _bytes(told.get(names.method)) if names.method else b"GET",
        _bytes(target),
        status,
        unquoted_twice(agent) if names.agent == _ESCAPED_AGENT else agent,
        _host(told.get(names.host)),
        _first_byte(told.get(names.asked_range), headers, answered) if status == _PARTLY else None,
        told[names.finished] in _TRUE if names.finished else _is_all(told.get("size"), answered),
    )


def _object(told: dict[str, Any], key: str) -> dict[str, object]:
    value = told.get(key)
    return value if isinstance(value, dict) else _NOTHING


def _bytes(value: object) -> bytes:
    if isinstance(value, list) and value:  # Caddy lists a header's values.
        value = value[0]
    return value.encode(errors="backslashreplace") if isinstance(value, str) else b""


def _status(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 4:  # noqa: PLR2004 - as HTTP has it
        value = int(value)
    return value if isinstance(value, int) and value in _STATUSES else None


def _host(value: object) -> bytes:
    """Return an address without the port that some logs add."""
    if not isinstance(value, str):
        return b""
    found = _WITH_PORT.fullmatch(value) if ":" in value else None
    return _bytes(value if found is None else found[1] or found[2])


def _first_byte(
    told: object, headers: dict[str, object], answered: dict[str, object]
) -> int | None:
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    if isinstance(told, str) and told.isdecimal() and told.isascii():
        return int(told[:15])
    value = answered.get("Content-Range") or told or headers.get("Range")
    return first_byte_of(_bytes(value))


def _is_all(size: object, answered: dict[str, object]) -> bool | None:
    """Compare what was sent with what was announced; None if the log does not tell both."""
    length = _bytes(answered.get("Content-Length"))
    if not isinstance(size, int) or not length.isdigit():
        return None
    return size >= int(length[:15])
