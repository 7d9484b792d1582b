"""Lines in JSON, as Caddy, CDNs and our own web processes write them."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.downloads.entries import Entry
from wheelyard.downloads.lines import read_line

DAY = date(2026, 11, 23)
SECONDS = 1_795_428_000  # 10 o'clock of that day, UTC.
PATH = "/simple/numpy/"
AGENT = 'pip/23.0.1 {"cpu":"armv7l"}'


def entry(
    *,
    method: bytes = b"GET",
    target: bytes = PATH.encode(),
    status: int = 200,
    user_agent: bytes = AGENT.encode(),
    host: bytes = b"192.0.2.1",
    first_byte: int | None = None,
    is_finished: bool | None = None,
) -> Entry:
    return Entry(DAY, method, target, status, user_agent, host, first_byte, is_finished)


def read(told: Any) -> Entry | None:  # noqa: ANN401 - any JSON
    return read_line(json.dumps(told).encode())


def caddy(
    *,
    status: int = 200,
    size: int = 512,
    headers: dict[str, Any] | None = None,
    answered: dict[str, Any] | None = None,
    request: dict[str, Any] | None = None,
    **more: object,
) -> dict[str, Any]:
    """Return an entry of Caddy's access log."""
    return {
        "level": "info",
        "ts": SECONDS + 0.6741,
        "logger": "http.log.access.log0",
        "msg": "handled request",
        "request": {
            "remote_ip": "192.0.2.1",
            "remote_port": "41342",
            "client_ip": "192.0.2.1",
            "proto": "HTTP/2.0",
            "method": "GET",
            "host": "wheels.example.org",
            "uri": PATH,
            "headers": {"User-Agent": [AGENT], "Accept": ["*/*"]} | (headers or {}),
            "tls": {"resumed": False, "version": 772, "proto": "h2"},
        }
        | (request or {}),
        "bytes_read": 0,
        "user_id": "",
        "duration": 0.000929675,
        "size": size,
        "status": status,
        "resp_headers": {"Server": ["Caddy"]} | (answered or {}),
    } | more


def own(**more: object) -> dict[str, Any]:
    """Return a line as our own web processes write it."""
    return {
        "time": "2026-11-23T10:00:00+00:00",
        "method": "GET",
        "path": PATH,
        "status": 200,
        "agent": AGENT,
        "range": None,
        "finished": True,
    } | more


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (caddy(), entry()),
        (caddy(request={"method": "HEAD"}), entry(method=b"HEAD")),
        (caddy(request={"uri": "/a?b=c"}), entry(target=b"/a?b=c")),
        (caddy(ts="2026-11-23T10:00:00.123Z"), entry()),
        (caddy(ts="2026/11/23 10:00:00"), entry()),
        (caddy(status=0), entry(status=0)),
        # Behind a proxy that it trusts.
        (caddy(request={"client_ip": "192.0.2.9"}), entry(host=b"192.0.2.9")),
        # Before 2.5 the address came with its port.
        (
            {**caddy(), "request": {"remote_addr": "192.0.2.1:1", "method": "GET", "uri": PATH}},
            entry(user_agent=b""),
        ),
        (
            {**caddy(), "request": {"remote_addr": "[2001:db8::1]:1", "uri": PATH}},
            entry(user_agent=b"", host=b"2001:db8::1"),
        ),
        (caddy(answered={"Content-Length": ["512"]}), entry(is_finished=True)),
        (caddy(answered={"Content-Length": ["513"]}), entry(is_finished=False)),
        (caddy(answered={"Content-Length": ["many"]}), entry()),
        (caddy(answered={"Content-Length": []}), entry()),
        (caddy(status=206, headers={"Range": ["bytes=5-"]}), entry(status=206, first_byte=5)),
        (caddy(headers={"Range": ["bytes=5-"]}), entry()),
        (
            caddy(
                status=206,
                headers={"Range": ["bytes=-512"]},
                answered={"Content-Range": ["bytes 0-511/512"]},
            ),
            entry(status=206, first_byte=0),
        ),
    ],
)
def test_caddys_lines_are_read(told: dict[str, Any], expected: Entry) -> None:
    assert read(told) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (own(), entry(host=b"", is_finished=True)),
        (own(finished=False), entry(host=b"", is_finished=False)),
        (
            own(status=206, range="bytes=0-"),
            entry(host=b"", status=206, first_byte=0, is_finished=True),
        ),
    ],
)
def test_our_own_lines_are_read(told: dict[str, Any], expected: Entry) -> None:
    assert read(told) == expected


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(
            {
                "ClientIP": "192.0.2.1",
                "ClientRequestHost": "wheels.example.org",
                "ClientRequestMethod": "GET",
                "ClientRequestPath": "/simple/numpy",
                "ClientRequestURI": PATH,
                "ClientRequestUserAgent": AGENT,
                "EdgeResponseBytes": 512,
                "EdgeResponseStatus": 200,
                "EdgeStartTimestamp": SECONDS * 1_000_000_000,
                "EdgeEndTimestamp": "2026-11-24T10:00:00Z",
            },
            id="Cloudflare",
        ),
        pytest.param(
            {
                "timestamp": "2026-11-23T10:00:00+0000",
                "client_ip": "192.0.2.1",
                "host": "wheels.example.org",
                "url": PATH,
                "request_method": "GET",
                "request_protocol": "HTTP/2",
                "request_user_agent": AGENT,
                "response_state": "HIT-CLUSTER",
                "response_status": 200,
                "response_body_size": 512,
            },
            id="Fastly",
        ),
        pytest.param(
            {
                "date": "2026-11-23",
                "time": "10:00:00",
                "sc-bytes": "512",
                "c-ip": "192.0.2.1",
                "cs-method": "GET",
                "cs-uri-stem": PATH,
                "sc-status": "200",
                "cs(User-Agent)": "pip/23.0.1%20%257B%2522cpu%2522:%2522armv7l%2522%257D",
                "sc-range-start": "-",
            },
            id="CloudFront",
        ),
        pytest.param(
            {
                "ClientAddr": "192.0.2.1:4711",
                "ClientHost": "192.0.2.1",
                "DownstreamStatus": 200,
                "DownstreamContentSize": 512,
                "RequestMethod": "GET",
                "RequestPath": PATH,
                "StartUTC": "2026-11-23T10:00:00.123456789Z",
                "request_User-Agent": AGENT,
                "level": "info",
                "time": "2026-11-23T11:00:01+01:00",
            },
            id="Traefik",
        ),
        pytest.param(
            {
                "timestamp": "2026-11-23T10:00:00.5Z",
                "httpRequest": {
                    "requestMethod": "GET",
                    "requestUrl": PATH,
                    "status": 200,
                    "userAgent": AGENT,
                    "remoteIp": "192.0.2.1",
                },
            },
            id="a load balancer that nests",
        ),
        pytest.param(
            {
                "start_time": "2026-11-23T10:00:00.000Z",
                "method": "GET",
                "path": PATH,
                "response_code": 200,
                "user_agent": AGENT,
                "downstream_remote_address": "192.0.2.1:50000",
            },
            id="Envoy",
        ),
        pytest.param(
            {
                "time_local": "23/Nov/2026:10:00:00 +0000",
                "remote_addr": "192.0.2.1",
                "request": f"GET {PATH} HTTP/1.1",
                "status": "200",
                "http_user_agent": AGENT,
            },
            id="nginx with the whole request",
        ),
        pytest.param(
            {
                "msec": f"{SECONDS}.123",
                "remote_addr": "192.0.2.1",
                "request_method": "GET",
                "request_uri": PATH,
                "status": 200,
                "http_user_agent": AGENT,
            },
            id="nginx with its parts",
        ),
        pytest.param(
            {
                "t": SECONDS * 1000,
                "ip": "192.0.2.1",
                "uri": PATH,
                "status": 200,
                "agent": AGENT,
            },
            id="hardly anything",
        ),
    ],
)
def test_the_names_of_many_servers_are_known(told: dict[str, Any]) -> None:
    assert read(told) == entry()


@pytest.mark.parametrize(
    ("told", "is_finished"),
    [("OK", True), ("", False), (True, True), (False, False), ([], False), ({}, False)],
)
def test_nginx_may_tell_of_the_answers_end(told: object, *, is_finished: bool) -> None:
    line = {"msec": SECONDS, "uri": PATH, "status": 200, "request_completion": told}
    assert read(line) == entry(host=b"", user_agent=b"", is_finished=is_finished)


@pytest.mark.parametrize(
    ("start", "first_byte"), [("0", 0), ("700", 700), (700, 700), ("-", None), (True, None)]
)
def test_a_cdn_may_tell_the_ranges_start(start: object, first_byte: int | None) -> None:
    line = {"ts": SECONDS, "uri": PATH, "status": 206, "sc-range-start": start}
    assert read(line) == entry(host=b"", user_agent=b"", status=206, first_byte=first_byte)


def test_bytes_that_are_no_utf_8_spoil_only_their_field() -> None:
    line = json.dumps(own(agent="@")).encode().replace(b"@", b"caf\xe9/1.0")
    assert read_line(line) == entry(
        user_agent="caf\N{REPLACEMENT CHARACTER}/1.0".encode(), host=b"", is_finished=True
    )


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"a": 1},
        own(status=None),
        own(status="two hundred"),
        own(status="٢٠٠٠"),
        own(status=-1),
        own(status=1000),
        own(status=10**300),
        own(status=[200]),
        own(status={"code": 200}),
        own(path=None),
        own(path=["/a", "/b"]),
        own(path={"a": "/b"}),
        own(time=None),
        own(time=-1),
        own(time=1e300),
        own(time=float("nan")),
        own(time=float("inf")),
        own(time=True),
        own(time="yesterday"),
        own(time="2026-02-30T10:00:00Z"),
        own(time=[SECONDS]),
        {"request": []},
        {"request": {"headers": []}},
        {"request": {"request": {}}},
        caddy(request={"uri": 7}),
        [],
        [own()],
        "text",
        7,
        None,
    ],
)
def test_an_object_that_is_no_request_is_no_entry(told: object) -> None:
    assert read(told) is None


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"{}}",
        b'{"a":' * 3000,
        b'{"ts":[' + b"[" * 3000 + b"]" * 3000 + b"]}",
        b'{"ts":' + b"9" * 10_000 + b"}",
        b"{'time': 1}",
        json.dumps(own()).encode()[:-1],
        json.dumps(own()).encode() * 2,
        json.dumps(own()).encode().replace(b"pip", rb"\x22"),
        b"\xff\xfe{\x00}\x00",
    ],
)
def test_forged_json_is_no_entry(line: bytes) -> None:
    assert read_line(line) is None


@pytest.mark.parametrize("field", ["method", "agent", "range", "finished"])
@pytest.mark.parametrize(
    "value", [None, -7.5, [], [[]], [[[["x"]]]], {}, {"a": []}, "\ud800", 1e400]
)
def test_odd_values_of_other_fields_are_as_good_as_none(field: str, value: object) -> None:
    told = read(own(status=206) | {field: value})
    assert told is not None
    assert told.first_byte is None


KEYS = st.sampled_from(
    [*own(), "request", "headers", "resp_headers", "uri", "ts", "User-Agent", "Range", "size"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    | st.sampled_from(["2026-11-23T10:00:00Z", "bytes=0-", "GET / HTTP/1.1", "192.0.2.1:80"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=8),
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES, max_size=12))
def test_no_object_makes_reading_fail(told: dict[str, Any]) -> None:
    read_some = read(told)
    assert read_some is None or isinstance(read_some, Entry)


@given(VALUES, VALUES, VALUES)
def test_no_value_of_a_field_makes_reading_fail(one: object, two: object, three: object) -> None:
    for told in (
        own(agent=one, range=two, finished=three, status=206),
        own(method=one, time=two, path=three),
        caddy(status=206, headers={"Range": one}, answered={"Content-Range": two}, size=three),  # type: ignore[arg-type]
        caddy(request={"headers": one}, resp_headers=two, client_ip=three),
    ):
        read(told)
