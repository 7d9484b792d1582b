"""Lines of CloudFront's standard logs."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.downloads.counting import Tally
from wheelyard.downloads.entries import Entry
from wheelyard.downloads.lines import read_line

DAY = date(2026, 11, 23)
FILE = f"/packages/ab/cd/{'e' * 60}/numpy-2.1.0-cp311-cp311-linux_armv7l.whl"
HEAD = b"#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host)"


def line(
    *,
    method: str = "GET",
    target: str = FILE,
    status: str = "200",
    agent: str = "pip/23.0.1%2520%257B%2522cpu%2522:%2522armv7l%2522%257D",
    first_byte: str = "-",
    moment: str = "2026-11-23\t10:00:00",
) -> bytes:
    """Return a line with all 33 fields."""
    fields = [
        *(moment, "LHR62-C2", "512", "192.0.2.1", method, "d111.cloudfront.net", target, status),
        *("-", agent, "-", "-", "Hit", "SOX4xw", "wheels.example.org", "https", "23", "0.001", "-"),
        *(
            "TLSv1.3",
            "TLS_AES_128_GCM_SHA256",
            "Hit",
            "HTTP/2.0",
            "-",
            "-",
            "11040",
            "0.001",
            "Hit",
        ),
        *("binary/octet-stream", "512", first_byte, "-"),
    ]
    return "\t".join(fields).encode()


def entry(
    *,
    method: bytes = b"GET",
    status: int = 200,
    user_agent: bytes = b'pip/23.0.1 {"cpu":"armv7l"}',
    first_byte: int | None = None,
) -> Entry:
    return Entry(DAY, method, FILE.encode(), status, user_agent, b"192.0.2.1", first_byte)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (line(), entry()),
        (line(agent="pip/1.5.6%20CPython/3.4.2"), entry(user_agent=b"pip/1.5.6 CPython/3.4.2")),
        (line(agent="-"), entry(user_agent=b"")),
        (line(status="206", first_byte="0"), entry(status=206, first_byte=0)),
        (line(status="206", first_byte="4096"), entry(status=206, first_byte=4096)),
        (line(status="206"), entry(status=206)),
        (line(method="-", status="000"), entry(method=b"", status=0)),
        (b"\t".join(line().split(b"\t")[:11]), entry()),
    ],
)
def test_what_a_line_says_is_read(told: bytes, read: Entry) -> None:
    assert read_line(told) == read


@pytest.mark.parametrize(
    "told",
    [
        line(moment="2026-13-23\t10:00:00"),
        line(moment="2026-11-23\tnow"),
        line(status="20x"),
        line(target="/with a blank"),
        b"2026-11-23\t",
        b"2026-11-23\t" * 1000,
    ],
)
def test_what_is_no_entry_is_none(told: bytes) -> None:
    assert read_line(told) is None


def test_what_a_file_says_of_itself_is_no_line_that_cannot_be_read() -> None:
    tally = Tally(latest=DAY)

    tally.count([*HEAD.split(b"\n"), line(), line(status="304"), b"#Nothing: of that kind"])

    assert (tally.lines, tally.rejected) == (3, 1)
    assert list(tally.counts().requests.values()) == [1]


@given(st.binary(max_size=300))
def test_no_line_makes_reading_fail(rest: bytes) -> None:
    read_line(b"2026-11-23\t" + rest)
