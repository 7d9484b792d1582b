"""What lines count as, together; what single lines say is tested beside their readers."""

from datetime import date

import pytest

from wheelyard.downloads.counting import Tally
from wheelyard.model.download import ClientClass, RequestKind

TODAY = date(2026, 11, 23)
WHEEL = "numpy-2.1.0-cp311-cp311-linux_armv7l.whl"
FILE = f"/packages/{'ab' * 1}/{'cd' * 1}/{'e' * 60}/{WHEEL}"


def line(  # noqa: PLR0917 - the parts of a line
    target: str = FILE,
    status: int = 200,
    method: str = "GET",
    agent: str = "pip/23.0.1 {}",
    host: str = "192.0.2.1",
    day: str = "23/Nov/2026",
    more: str = "",
) -> bytes:
    return (
        f'{host} - - [{day}:10:00:00 +0000] "{method} {target} HTTP/1.1" {status} 100 "-"'
        f' "{agent}"{more}'
    ).encode()


def tally(*lines: bytes) -> Tally:
    counting = Tally(latest=TODAY)
    counting.count(lines)
    return counting


def number(*lines: bytes) -> int:
    return sum(tally(*lines).counts().requests.values())


def test_the_same_request_of_the_same_kind_of_client_counts_up() -> None:
    counts = tally(line(), line(host="192.0.2.2"), line(agent="curl/8.0")).counts()

    by_class = {
        (day, request.kind, request.name, client.client_class): count
        for (day, request, client), count in counts.requests.items()
    }
    assert by_class == {
        (TODAY, RequestKind.DOWNLOAD, WHEEL, ClientClass.INSTALLER): 2,
        (TODAY, RequestKind.DOWNLOAD, WHEEL, ClientClass.OTHER): 1,
    }
    assert (counts.lines, counts.rejected) == (3, 0)


def test_user_agents_that_say_the_same_of_a_client_are_one() -> None:
    several = [line(agent=f"Mozilla/5.0 (X11; rv:{version}.0)") for version in range(100, 110)]

    assert len(tally(*several).counts().requests) == 1


@pytest.mark.parametrize(
    "other",
    [
        line(status=404),
        line(status=304),
        line(status=500),
        line(method="HEAD"),
        line(method="POST"),
        line(target="/static/style.css"),
    ],
)
def test_what_is_no_finished_download_does_not_count(other: bytes) -> None:
    assert number(other) == 0


def test_a_page_that_had_not_changed_was_asked_for_all_the_same() -> None:
    assert number(line("/simple/numpy/", 304), line("/simple/numpy/", 200)) == 2


def test_of_a_file_that_is_fetched_in_parts_the_first_counts() -> None:
    parts = [line(status=206, host=host) for host in ("192.0.2.1", "192.0.2.1", "192.0.2.2") * 2]
    assert number(*parts) == 2


def test_lines_of_days_that_cannot_be_are_rejected() -> None:
    counting = tally(line(day="25/Nov/2026"), line(day="01/Jan/1999"), line(day="22/Nov/2026"))

    assert (counting.lines, counting.rejected) == (3, 2)


def test_rejected_lines_are_counted_and_a_few_are_kept_without_addresses() -> None:
    counting = tally(*(b"attack from 203.0.113.9 of %d" % n for n in range(50)), b"")
    counts = counting.counts()

    assert (counts.lines, counts.rejected, len(counts.samples)) == (50, 50, 5)
    assert not any("203.0.113.9" in sample for sample in counts.samples)


def test_a_tally_is_full_before_it_takes_much_memory() -> None:
    counting = Tally(latest=TODAY)
    for start in range(0, 220_000, 1000):
        counting.count(line(f"/simple/project-{number}/") for number in range(start, start + 1000))
        if counting.is_full:
            break
    assert start == 99_000


def test_long_user_agents_make_a_tally_full_sooner() -> None:
    counting = Tally(latest=TODAY)
    counting.count(line(agent=f"{number}{'x' * 10_000}") for number in range(3300))
    assert not counting.is_full
    counting.count(line(agent=f"{number}{'y' * 10_000}") for number in range(100))
    assert counting.is_full


def test_hosts_are_looked_at_only_if_asked_for() -> None:
    asked = []

    def digest(host: bytes, day: date) -> str | None:
        asked.append((host, day))
        return None if host.endswith(b"2") else "digest"

    counting = Tally(latest=TODAY, hosts=digest)
    counting.count([line(), line(), line(host="192.0.2.2")])

    assert counting.counts().hosts == {(TODAY, "digest")}
    assert set(asked) == {(b"192.0.2.1", TODAY), (b"192.0.2.2", TODAY)}
    assert tally(line()).counts().hosts == frozenset()
