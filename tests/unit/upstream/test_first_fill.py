from datetime import timedelta

import pytest

from wheelyard.errors import BadInput
from wheelyard.model.names import parse_project_name
from wheelyard.upstream.first_fill import FillProgress, RankedProject, read_ranking


def test_a_ranking_has_names_with_or_without_counts() -> None:
    lines = ["# wanted\n", "\n", "RPi.GPIO,1200\n", " evdev \n", "spidev, 7"]

    assert list(read_ranking(lines)) == [
        RankedProject(parse_project_name("rpi-gpio"), 1200),
        RankedProject(parse_project_name("evdev")),
        RankedProject(parse_project_name("spidev"), 7),
    ]


@pytest.mark.parametrize("line", ["evdev,", "evdev,many", "evdev,-1", "a b", ",1", "evdev,1,2"])
def test_a_line_that_reads_otherwise_is_named(line: str) -> None:
    with pytest.raises(BadInput, match="line 2"):
        list(read_ranking(["spidev", line]))


def test_progress_tells_the_rate_and_the_time_left() -> None:
    progress = FillProgress(done=50, left=100, elapsed=timedelta(seconds=10))

    assert (progress.rate, progress.time_left) == (5.0, timedelta(seconds=20))


@pytest.mark.parametrize("elapsed", [timedelta(0), timedelta(seconds=5)])
def test_before_anything_was_read_no_time_is_told(elapsed: timedelta) -> None:
    progress = FillProgress(done=0, left=100, elapsed=elapsed)

    assert (progress.rate, progress.time_left) == (0.0, None)
