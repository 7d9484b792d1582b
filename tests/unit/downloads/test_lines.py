"""Lines in the combined format, as nginx, Apache and others write it, and lines that are not."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wheelyard.downloads.entries import Entry
from wheelyard.downloads.lines import MAX_LINE, read_line

DAY = date(2026, 11, 23)
START = b'192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] "GET /simple/numpy/ HTTP/1.1" 200 512'
AGENT = b'pip/23.0.1 {"ci":null,"cpu":"armv7l"}'


def entry(
    *,
    day: date = DAY,
    method: bytes = b"GET",
    target: bytes = b"/simple/numpy/",
    status: int = 200,
    user_agent: bytes = AGENT,
    host: bytes = b"192.0.2.1",
    first_byte: int | None = None,
    is_finished: bool | None = None,
) -> Entry:
    return Entry(day, method, target, status, user_agent, host, first_byte, is_finished)


@pytest.mark.parametrize(
    "end",
    [
        # nginx
        rb' "-" "pip/23.0.1 {\x22ci\x22:null,\x22cpu\x22:\x22armv7l\x22}"',
        # nginx as it is installed, with X-Forwarded-For
        rb' "-" "pip/23.0.1 {\x22ci\x22:null,\x22cpu\x22:\x22armv7l\x22}" "-"',
        # Apache
        rb' "-" "pip/23.0.1 {\"ci\":null,\"cpu\":\"armv7l\"}"',
        rb' "https://example.org/\"quoted\"" "pip/23.0.1 {\"ci\":null,\"cpu\":\"armv7l\"}" 512 0.1',
        # The lines of a file from Windows
        rb' "-" "pip/23.0.1 {\"ci\":null,\"cpu\":\"armv7l\"}"' + b"\r",
        # A proxy that does not escape anything
        b' "-" "pip/23.0.1 {"ci":null,"cpu":"armv7l"}" 12 "router@file" "http://10.0.0.1:80" 5ms',
        b' "-" "pip/23.0.1 {"ci":null,"cpu":"armv7l"}"',
    ],
)
def test_a_user_agent_is_read_however_its_quotes_are_escaped(end: bytes) -> None:
    assert read_line(START + end) == entry()


@pytest.mark.parametrize(
    ("written", "user_agent"),
    [
        (rb"caf\xC3\xA9/1.0", "café/1.0".encode()),
        (rb"caf\xc3\xa9/1.0", "café/1.0".encode()),
        (rb"back\\slash", rb"back\slash"),
        (rb"back\x5Cslash", rb"back\slash"),
        (rb"\\x22", rb"\x22"),
        (rb"\"\\\" \\", rb'"\" ' + b"\\"),
        (b"-", b"-"),
        (b"", b""),
        (b"raw \xff\x80 bytes", b"raw \xff\x80 bytes"),
        (b"a" * 5000, b"a" * 5000),
        (rb"\x22" * 1000, b'"' * 1000),
    ],
)
def test_escapes_of_a_user_agent_are_undone(written: bytes, user_agent: bytes) -> None:
    assert read_line(START + b' "-" "' + written + b'"') == entry(user_agent=user_agent)


def test_the_common_format_has_no_user_agent() -> None:
    assert read_line(START) == entry(user_agent=b"")


@pytest.mark.parametrize(
    ("start", "host"),
    [
        (b"192.0.2.1 - -", b"192.0.2.1"),
        (b"192.0.2.1 - frank", b"192.0.2.1"),
        (b"192.0.2.1 - frank [the best]", b"192.0.2.1"),
        (b"192.0.2.1 - frank and a friend", b"192.0.2.1"),
        (b"192.0.2.1 -  ", b"192.0.2.1"),
        (b"2001:db8::1 - -", b"2001:db8::1"),
        (b"::ffff:192.0.2.1 - -", b"::ffff:192.0.2.1"),
        (b"fe80::1%eth0 - -", b"fe80::1%eth0"),
        (b"dialup-7.example.org - -", b"dialup-7.example.org"),
        (b"wheels.example.org:443 192.0.2.1 - -", b"192.0.2.1"),
        (b"wheels.example.org 2001:db8::1 - frank", b"2001:db8::1"),
        (b"[2001:db8::2]:443 192.0.2.1 - -", b"192.0.2.1"),
        (b"unix: - -", b"unix:"),
        (b"- - -", b"-"),
    ],
)
def test_the_host_is_told_from_a_virtual_hosts_name(start: bytes, host: bytes) -> None:
    line = START.replace(b"192.0.2.1 - -", start) + b' "-" "curl/8.0"'
    assert read_line(line) == entry(host=host, user_agent=b"curl/8.0")


@pytest.mark.parametrize(
    ("request_line", "method", "target"),
    [
        (b"GET / HTTP/1.0", b"GET", b"/"),
        (b"HEAD /simple/ HTTP/2.0", b"HEAD", b"/simple/"),
        (b"GET /a%20b?c=d HTTP/2", b"GET", b"/a%20b?c=d"),
        (b"GET /a HTTP/3.0", b"GET", b"/a"),
        (b"GET /a", b"GET", b"/a"),
        (b"OPTIONS * HTTP/1.1", b"OPTIONS", b"*"),
        (b"GET http://example.org/a HTTP/1.1", b"GET", b"http://example.org/a"),
        (rb"GET /\xC3\xA9 HTTP/1.1", b"GET", "/é".encode()),
        (rb"GET /a\x22b HTTP/1.1", b"GET", b'/a"b'),
        (rb"GET /a\"b HTTP/1.1", b"GET", b'/a"b'),
        # Connections that were closed before anything was asked.
        (b"-", b"", b""),
        (b"", b"", b""),
    ],
)
def test_requests_of_all_versions_of_http_are_read(
    request_line: bytes, method: bytes, target: bytes
) -> None:
    line = START.replace(b"GET /simple/numpy/ HTTP/1.1", request_line) + b' "-" "curl/8.0"'
    assert read_line(line) == entry(method=method, target=target, user_agent=b"curl/8.0")


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (b"23/Nov/2026:00:00:00 +0000", DAY),
        (b"23/Nov/2026:23:59:60 +0000", DAY),
        (b"24/Nov/2026:00:59:59 +0100", DAY),
        (b"24/Nov/2026:01:00:00 +0100", date(2026, 11, 24)),
        (b"22/Nov/2026:20:00:00 -0400", DAY),
        (b"24/Nov/2026:05:29:59 +0530", DAY),
        (b"31/Dec/2025:23:30:00 -0100", date(2026, 1, 1)),
        (b"29/Feb/2028:12:00:00 +0000", date(2028, 2, 29)),
    ],
)
def test_the_day_is_that_of_utc(moment: bytes, day: date) -> None:
    line = START.replace(b"23/Nov/2026:10:00:00 +0000", moment)
    assert read_line(line) == entry(day=day, user_agent=b"")


@pytest.mark.parametrize(
    "moment",
    [
        b"30/Feb/2026:10:00:00 +0000",
        b"23/Nix/2026:10:00:00 +0000",
        b"23/Nov/0000:10:00:00 +0000",
        b"01/Jan/0001:00:00:00 +2359",
        b"31/Dec/9999:23:59:59 -2359",
        b"23/Nov/2026:25:00:00 +0000",
        b"23/Nov/2026:10:61:00 +0000",
        b"23/Nov/2026:10:00:00 +9999",
        b"2026-11-23T10:00:00Z",
    ],
)
def test_moments_that_never_were_are_no_entries(moment: bytes) -> None:
    assert read_line(START.replace(b"23/Nov/2026:10:00:00 +0000", moment)) is None


@pytest.mark.parametrize(
    ("more", "first_byte"),
    [
        (b' "bytes=0-"', 0),
        (b' "bytes=100-199"', 100),
        (b' "bytes=0-0,-1"', 0),
        (b' "bytes=-500"', -500),
        (b' range="bytes=7-"', 7),
        (b' "bytes 100-199/1000"', 100),
        (b' "bytes=-"', None),
        (b' "items=5-"', None),
        (b' "-"', None),
        (b' "bytes=99999999999999999999999-"', None),
        (b"", None),
    ],
)
def test_the_range_of_a_part_is_read_where_the_log_has_it(
    more: bytes, first_byte: int | None
) -> None:
    part = START.replace(b" 200 ", b" 206 ") + b' "-" "curl/8.0"' + more
    assert read_line(part) == entry(status=206, user_agent=b"curl/8.0", first_byte=first_byte)


def test_a_range_that_was_asked_for_but_not_answered_is_none() -> None:
    assert read_line(START + b' "-" "curl/8.0" "bytes=100-"') == entry(user_agent=b"curl/8.0")


@pytest.mark.parametrize(
    ("more", "is_finished"),
    [
        (b" completion=OK", True),
        (b" completion=", False),
        (b' completion="OK"', True),
        (b' completion=""', False),
        (b" completion=X", False),
        (b" completion=+", True),
        (b" completion=-", True),
        (b' "-" 0.001 completion=OK 12', True),
        (b' "bytes=0-" "OK"', True),
        # Who knows which variable was empty.
        (b' ""', None),
        (b' "-"', None),
        (b" ok=OKAY completion=OKAY", None),
    ],
)
def test_what_the_log_says_of_the_answers_end_is_read(
    more: bytes, *, is_finished: bool | None
) -> None:
    read = read_line(START + b' "-" "curl/8.0"' + more)
    assert read == entry(user_agent=b"curl/8.0", is_finished=is_finished)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"hello",
        b"\x00\xff" * 100,
        b"\x16\x03\x01\x02\x00\x01",
        START.replace(b"GET /simple/numpy/ HTTP/1.1", rb"\x16\x03\x01\x00\xEE"),
        START.replace(b"GET /simple/numpy/ HTTP/1.1", b"GET /simple/x' OR 1=1 -- HTTP/1.1"),
        START.replace(b"GET /simple/numpy/ HTTP/1.1", b"get /simple/numpy/ HTTP/1.1"),
        START.replace(b"GET /simple/numpy/ HTTP/1.1", b"GET"),
        START.replace(b"GET /simple/numpy/ HTTP/1.1", b"GET /a\nb HTTP/1.1"),
        START.replace(b" 200 ", b" 2000 "),
        START.replace(b" 200 ", b" - "),
        START + b' "-" "not closed',
        START + b' "-"',
        START + b"garbage",
        START[20:],
        START + b' "-" "' + b"a" * MAX_LINE + b'"',
        b'2026/11/23 10:00:00 [error] 7#7: *1 open() "/x" failed (2: No such file)',
        b"#Version: 1.0",
    ],
)
def test_what_is_no_line_of_a_log_is_no_entry(line: bytes) -> None:
    assert read_line(line) is None


def test_a_users_name_cannot_pass_for_a_request() -> None:
    forged = rb"x [01/Jan/2020:00:00:00 +0000] \x22GET /forged HTTP/1.1\x22 200 1 \x22-\x22"
    line = START.replace(b"- - [", b"- " + forged + b" [") + b' "-" "curl/8.0"'
    assert read_line(line) == entry(user_agent=b"curl/8.0")


def test_a_user_agent_cannot_pass_for_more_fields() -> None:
    line = START + rb' "-" "x\" completion=\"\" \"bytes=9-\""'
    assert read_line(line) == entry(user_agent=b'x" completion="" "bytes=9-"')


@pytest.mark.parametrize(
    "piece", [b"[", b'"', b"\\", b'\\"', b"{", b"}", b'} "', b" ", b"-", b'" "', b"a/1 {} ", b"%"]
)
def test_no_line_takes_long(piece: bytes) -> None:
    # Quadratic time would be minutes for all of these, and the limit of a test is two.
    many = piece * (MAX_LINE // len(piece) - 40)
    for start in (b"", START, START + b' "-" "', START + b' "-" "a/1 {', START[:44], b"{"):
        for _ in range(20):
            read_line(start + many[: MAX_LINE - len(start) - 1] + b"x")


_PIECES = [
    START[:12],
    START[12:44],
    START[44:],
    b' "-" "',
    b'"',
    b"\\",
    b"{",
    b"[",
    b"\x00",
    b" 206 ",
]


@given(st.binary(max_size=300) | st.lists(st.sampled_from(_PIECES)).map(b"".join))
@example(b"{" * 16_000)
@example(b'{"a":' * 3_000)
def test_no_bytes_make_reading_fail(line: bytes) -> None:
    read = read_line(line)
    assert read is None or isinstance(read, Entry)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=200))
def test_any_user_agent_comes_through_what_nginx_and_apache_make_of_it(text: str) -> None:
    raw = text.encode()
    nginx = b"".join(
        b"\\x%02X" % byte if byte in b'"\\' or byte < 32 or byte > 126 else bytes((byte,))
        for byte in raw
    )
    apache = b"".join(
        b"\\" + bytes((byte,))
        if byte in b'"\\'
        else (b"\\x%02x" % byte if byte < 32 or byte > 126 else bytes((byte,)))
        for byte in raw
    )
    for written in (nginx, apache):
        assert read_line(START + b' "-" "' + written + b'"') == entry(user_agent=raw)
