"""Samples of rejected lines name nobody."""

import ipaddress
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.downloads.samples import clean_sample


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        (b"", ""),
        (b"hello world", "hello world"),
        (b"attack from 203.0.113.9 of 7", "attack from <address> of 7"),
        (b"203.0.113.9:8080,203.0.113.10", "<address>:8080,<address>"),
        (b"pool-203-0-113-9.example.org", "pool-<address>.example.org"),
        (b"from 2001:db8::1 and ::1", "from <address> and <address>"),
        (b"2001:db8:0:0:0:0:0:1 x", "<address> x"),
        (b"::ffff:203.0.113.9", "<address>"),
        (b"[fe80::1%eth0]:80", "[<address>]:80"),
        (rb"203\x2e0\x2E113\x2e9", "<address>"),
        (b"203%2e0%252E113.9", "<address>"),
        (b'{"ip":"203\\u002e0.113.9"}', '{"ip":"<address>"}'),
        (b"mail jo.doe+x@example.org now", "mail <mail> now"),
        (b"jo%40example.org", "<mail>"),
        (b"https://jo:pass@example.org/", "<mail>"),
        (
            b"203.0.113.9 - frank [23/Nov/2026:10:00:00 +0000] GET /",
            "<host> [23/Nov/2026:10:00:00 +0000] GET /",
        ),
        (b"pc-of-jo.example.org - jo [23/Nov/2026:10:", "<host> [23/Nov/2026:10:"),
        (b"Authorization: Basic am86cGFzcw==", "Authorization: <token> <token>"),
        (b'{"token":"short","a":1}', '{"token":<token>,"a":1}'),
        (b"GET /?password=swordfish&a=1", "GET /?password=<token>&a=1"),
        (b'"remote_user":"frank","user_agent":"curl"', '"remote_user":<token>,"user_agent":"curl"'),
        (b"id 550e8400-e29b-41d4-a716-446655440000", "id <token>"),
        (b"key ghp_abcdefABCDEF0123456789 end", "key <token> end"),
        (b"AbCdEfGhIjKlMnOpQrStUvWxYz/+", "<token>"),
        (b"binary \x00\x1b[31m\xff", "binary ??[31m?"),
        ("café".encode(), "caf??"),
        (b"x " * 500, "x " * 100),
    ],
)
def test_what_may_name_somebody_gives_way(line: bytes, sample: str) -> None:
    assert clean_sample(line) == sample


JUNK = st.text(st.characters(codec="ascii"), max_size=60)


@given(st.binary(max_size=3000))
def test_a_sample_is_short_and_printable(line: bytes) -> None:
    sample = clean_sample(line)

    assert len(sample) <= 200
    assert sample.isascii()
    assert not sample or sample.isprintable()


@given(st.integers(0, 2100), st.ip_addresses(), st.sampled_from("x ="))
def test_no_part_of_an_address_is_left_where_lines_are_cut(
    before: int, address: ipaddress.IPv4Address | ipaddress.IPv6Address, filling: str
) -> None:
    sample = clean_sample(f"{filling * before} {address} ".encode())

    assert str(address) not in sample
    groups = str(address).replace(".", ":").split(":")
    assert ":".join(groups[:3]) not in sample.replace(".", ":") or len(set(groups)) < 4


@given(JUNK, st.ip_addresses(v=4), JUNK)
def test_no_address_of_version_4_is_left(
    before: str, address: ipaddress.IPv4Address, after: str
) -> None:
    for written in (str(address), quote(str(address)).replace(".", "%2E")):
        assert str(address) not in clean_sample(f"{before}{written}{after}".encode())


@given(JUNK, st.ip_addresses(v=6), JUNK)
def test_no_address_of_version_6_is_left(
    before: str, address: ipaddress.IPv6Address, after: str
) -> None:
    for written in (str(address), address.exploded, str(address).upper()):
        line = f"{before} {written} {after}".encode()
        assert written not in clean_sample(line).split()


@given(JUNK, st.emails(), JUNK)
def test_no_mail_address_is_left(before: str, address: str, after: str) -> None:
    assert "@" not in clean_sample(f"{before} {address} {after}".encode())


def test_a_line_full_of_anything_is_cleaned_at_once() -> None:
    started = time.process_time()
    for piece in (b"a", b"1", b"1.", b"a:", b"::", b"%25", b"@", b'"', b"token=", b"1-"):
        clean_sample(piece * 16_000)
    assert time.process_time() - started < 20
