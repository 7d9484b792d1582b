"""Log files that grow, are rotated, packed, damaged and lost: each line once."""

import gzip
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from wheelyard.clock import SettableClock, SystemClock
from wheelyard.database.log_positions import Known
from wheelyard.downloads.sources import LogFile, LogFolder, LogSource, named_source

HOUR = timedelta(hours=1)


class Counter:
    """Reads a source as a process does that may be killed: what is known outlives it."""

    def __init__(self, make: Callable[[SettableClock], LogSource]) -> None:
        self.clock = SettableClock(SystemClock().now())
        self.known: dict[str, Known] = {}
        self.lines: list[bytes] = []
        self._make = make
        self.source = make(self.clock)

    def read(self, *, most: int | None = None) -> list[bytes]:
        """Take what is new, or only so many chunks of it, and return its lines."""
        new: list[bytes] = []
        for number, chunk in enumerate(self.source.chunks(dict(self.known))):
            if number == most:
                break
            new += chunk.lines
            self.known[chunk.end.identity] = Known(chunk.end.offset, chunk.ends_file)
        self.lines += new
        return new

    def restart(self) -> None:
        self.source = self._make(self.clock)

    def wait(self, time: timedelta = HOUR) -> None:
        self.clock.advance(time)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "access.log"


@pytest.fixture
def counter(log: Path) -> Counter:
    log.parent.mkdir()
    return Counter(lambda clock: LogFile("nginx", log, clock=clock))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "objects"
    made.mkdir()
    return made


@pytest.fixture
def objects(folder: Path) -> Counter:
    return Counter(lambda clock: LogFolder("cdn", folder, clock=clock))


def numbered(first: int, last: int) -> list[bytes]:
    return [b"line %d" % number for number in range(first, last)]


def text(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def append(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("ab") as file:
        file.write(text(lines))


def pack(path: Path, ending: str) -> None:
    """Pack a file as logrotate does: the old one goes when the new one is whole."""
    data = path.read_bytes()
    packed = gzip.compress(data) if ending == ".gz" else zstd.compress(data)
    path.with_name(path.name + ending).write_bytes(packed)
    path.unlink()


def test_what_is_added_is_read_once(log: Path, counter: Counter) -> None:
    append(log, numbered(0, 3))
    assert counter.read() == numbered(0, 3)
    assert counter.read() == []
    append(log, numbered(3, 5))
    assert counter.read() == numbered(3, 5)


def test_a_line_waits_for_its_newline(log: Path, counter: Counter) -> None:
    log.write_bytes(b"line 0\nli")
    assert counter.read() == [b"line 0"]
    counter.wait()
    assert counter.read() == []
    append(log, [b"ne 1"])
    assert counter.read() == [b"line 1"]


def test_a_log_whose_first_line_is_not_whole_yet_is_left_alone(log: Path, counter: Counter) -> None:
    log.write_bytes(b"")
    assert counter.read() == []
    log.write_bytes(b"li")
    assert counter.read() == []


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
@pytest.mark.parametrize(
    "name",
    [
        *("access.log.1", "access.log-20261123", "access-20261123.log", "access.1.log"),
        *("access-2026-11-23T10-00-00.000.log", "access-2026-11-23T10-00-00.000-size.log"),
    ],
)
def test_a_file_that_was_renamed_is_read_to_its_end(
    log: Path, counter: Counter, name: str, ending: str, *, restarts: bool
) -> None:
    append(log, numbered(0, 4))
    counter.read()
    append(log, numbered(4, 6))
    rotated = log.rename(log.with_name(name))
    append(log, numbered(6, 8))
    if ending:
        pack(rotated, ending)
    if restarts:
        counter.restart()
    assert counter.read() == numbered(4, 8)
    counter.wait()
    assert counter.read() == []
    assert sorted(known.is_finished for known in counter.known.values()) == [False, True]


def test_a_renamed_file_may_still_grow_and_its_last_line_counts_when_it_is_settled(
    log: Path, counter: Counter
) -> None:
    append(log, numbered(0, 2))
    rotated = log.rename(log.with_name("access.log.1"))
    append(log, [b"new"])
    assert counter.read() == [*numbered(0, 2), b"new"]
    with rotated.open("ab") as file:
        file.write(b"late\nvery la")
    assert counter.read() == [b"late"]
    counter.wait()
    assert counter.read() == [b"very la"]


def test_a_file_that_was_copied_and_truncated_is_read_to_its_end(
    log: Path, counter: Counter
) -> None:
    append(log, numbered(0, 4))
    counter.read()
    append(log, numbered(4, 6))
    copy = log.with_name("access.log.1")
    copy.write_bytes(log.read_bytes()[:10])
    assert counter.read() == numbered(4, 6)
    shutil.copyfile(log, copy)
    append(copy, [b"written while it was copied"])
    os.truncate(log, 0)
    append(log, numbered(6, 7))
    assert counter.read() == [b"written while it was copied", *numbered(6, 7)]


def test_files_that_were_rotated_before_the_first_look_are_read_in_their_order(
    log: Path, counter: Counter
) -> None:
    for number, age in ((1, 1), (2, 2), (3, 400)):
        path = log.with_name(f"access.log.{number}")
        append(path, [b"day %d" % number])
        then = (counter.clock.now() - timedelta(days=age)).timestamp()
        os.utime(path, (then, then))
    append(log, [b"today"])
    assert counter.read() == [b"day 2", b"day 1", b"today"]


def test_other_logs_beside_it_are_left_alone(log: Path, counter: Counter) -> None:
    append(log, [b"ours"])
    append(log.with_name("error.log"), [b"not ours"])
    append(log.with_name("access.logs"), [b"not ours"])
    log.with_name("access.log.link").symlink_to("error.log")
    log.with_name("access.log.d").mkdir()
    assert counter.read() == [b"ours"]


def test_what_went_away_unread_is_told_once(
    log: Path, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    append(log, numbered(0, 4))
    counter.read()
    log.unlink()
    append(log, [b"new"])
    counter.read()
    counter.read()
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("log-vanished") == 1


def test_a_log_that_is_not_there_is_an_error(counter: Counter) -> None:
    with pytest.raises(FileNotFoundError, match=r"access\.log"):
        counter.read()


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_of_a_damaged_file_everything_before_the_damage_is_read(
    log: Path, counter: Counter, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [b"%032x" % random.Random(number).getrandbits(128) for number in range(200_000)]
    append(log, lines)
    pack(log, ending)
    packed = log.with_name(f"access.log{ending}")
    os.truncate(packed, packed.stat().st_size * 3 // 4)
    counter.wait()
    found = counter.read()
    assert found == lines[: len(found)]
    assert len(found) > len(lines) // 2
    assert "log-damaged" in str(capsys.readouterr())
    assert counter.read() == []
    assert counter.read() == []
    capsys.readouterr()
    assert counter.read() == []
    assert capsys.readouterr().out == ""


def test_members_and_frames_that_follow_each_other_are_one_file(
    folder: Path, objects: Counter
) -> None:
    first, second = text(numbered(0, 2)), text(numbered(2, 4))
    (folder / "a").write_bytes(gzip.compress(first) + gzip.compress(second))
    (folder / "b").write_bytes(zstd.compress(first) + zstd.compress(second))
    assert objects.read() == numbered(0, 4) * 2


def test_a_bomb_takes_no_memory_and_its_lines_are_cut(folder: Path, objects: Counter) -> None:
    (folder / "bomb.gz").write_bytes(gzip.compress(bytes(50_000_000)))
    (folder / "good").write_bytes(b"good\n")
    objects.wait()
    lines = objects.read()
    assert max(map(len, lines)) <= 2 * 2**20
    assert sum(map(len, lines[:-1])) == 50_000_000
    assert lines[-1] == b"good"


def test_objects_are_read_by_name_as_they_come_and_as_they_grow(
    folder: Path, objects: Counter
) -> None:
    (folder / "2026" / "11").mkdir(parents=True)
    append(folder / "2026" / "11" / "b.log", [b"b"])
    (folder / "2026" / "11" / "a.log.gz").write_bytes(gzip.compress(b"a\n"))
    assert objects.read() == [b"a", b"b"]
    append(folder / "c.log", [b"c"])
    append(folder / "2026" / "11" / "b.log", [b"more"])
    assert objects.read() == [b"more", b"c"]
    objects.wait()
    objects.read()
    append(folder / "c.log", [b"even now"])
    assert objects.read() == [b"even now"]
    objects.restart()
    assert objects.read() == []


def test_an_object_without_a_last_newline_counts_when_nobody_writes_to_it(
    folder: Path, objects: Counter
) -> None:
    (folder / "a").write_bytes(b"one\ntwo")
    assert objects.read() == [b"one"]
    objects.wait()
    assert objects.read() == [b"two"]


def test_counted_files_are_removed_where_they_are_ours(folder: Path) -> None:
    counter = Counter(lambda clock: LogFolder("own", folder, clock=clock, removes=True))
    append(folder / "a", [b"one"])
    assert counter.read() == [b"one"]
    counter.wait()
    append(folder / "a", [b"two"])
    os.utime(folder / "a", (counter.clock.now().timestamp(),) * 2)
    assert counter.read() == [b"two"]
    counter.wait(timedelta(hours=3))
    assert counter.read() == []
    assert (folder / "a").exists(), "it goes only when its end is on record"
    assert counter.read() == []
    assert not (folder / "a").exists()


def test_what_is_not_on_record_is_read_again(log: Path, counter: Counter) -> None:
    lines = [b"%04d " % number * 100 for number in range(10_000)]
    append(log, lines)
    assert len(counter.read(most=2)) < len(lines)
    counter.restart()
    counter.read(most=1)
    counter.restart()
    counter.read()
    assert counter.lines == lines


@pytest.mark.parametrize("by_copy", [False, True])
def test_a_log_that_is_rotated_while_older_ones_are_read_is_not_mistaken_for_the_next(
    log: Path, counter: Counter, *, by_copy: bool
) -> None:
    append(log.with_name("access.log.1"), numbered(0, 3))
    append(log, numbered(3, 6))
    read = []
    for number, chunk in enumerate(counter.source.chunks({})):
        read += chunk.lines
        counter.known[chunk.end.identity] = Known(chunk.end.offset, chunk.ends_file)
        if number:
            continue
        if by_copy:
            shutil.copyfile(log, log.with_name("access.log.2"))
            os.truncate(log, 0)
        else:
            log.rename(log.with_name("access.log.2"))
        append(log, numbered(6, 12))
    assert read == numbered(0, 3)
    assert counter.read() == numbered(3, 12)


def test_a_rotated_file_that_is_named_by_itself_belongs_to_its_log(log: Path) -> None:
    log.parent.mkdir()
    clock = SettableClock(SystemClock().now())
    append(log, numbered(0, 3))
    append(log.with_name("access.log.1"), numbered(3, 6))
    append(log.with_name("access.logs"), numbered(6, 9))
    source = named_source(log.with_name("access.log.1"), clock=clock)
    assert source.name == named_source(log, clock=clock).name == str(log)
    chunks = list(source.chunks({}))
    assert [chunk.lines for chunk in chunks] == [numbered(3, 6)]
    known = {chunk.end.identity: Known(chunk.end.offset) for chunk in chunks}
    rest = named_source(log, clock=clock).chunks(known)
    assert [chunk.lines for chunk in rest] == [numbered(0, 3)]
    other = named_source(log.with_name("access.logs"), clock=clock)
    assert other.name == str(log.with_name("access.logs"))


def test_what_logs_tell_of_themselves_does_not_make_two_of_them_one(
    log: Path, counter: Counter
) -> None:
    append(log.with_name("access.log.1"), [b"#Version: 1.0", b"old"])
    append(log, [b"#Version: 1.0"])
    assert counter.read() == [b"#Version: 1.0", b"old"]
    append(log, [b"new"])
    assert counter.read() == [b"#Version: 1.0", b"new"]


def test_a_packed_log_by_itself_has_ended_though_its_last_line_has_no_newline(
    tmp_path: Path,
) -> None:
    packed = tmp_path / "access.log.gz"
    packed.write_bytes(gzip.compress(b"line 0\nline 1"))
    counter = Counter(lambda clock: LogFile("gz", packed, clock=clock))
    assert counter.read() == [b"line 0"]
    counter.wait()
    assert counter.read() == [b"line 1"]
    counter.restart()
    assert counter.read() == []


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_each_line_is_read_once(log: Path, counter: Counter, seed: int) -> None:
    chance = random.Random(seed)
    log.touch()
    written = rotated = 0

    def write() -> None:
        nonlocal written
        count = chance.choice((1, 3, 2000))
        append(log, [b"line %06d" % number for number in range(written, written + count)])
        written += count

    def rotate() -> None:
        nonlocal rotated
        if not log.stat().st_size:
            return
        rotated += 1
        name = log.with_name(f"access.log-{rotated:04d}")
        if chance.random() < 0.5:
            log.rename(name)
            log.touch()
        else:
            shutil.copyfile(log, name)
            os.truncate(log, 0)

    def pack_one() -> None:
        plain = list(log.parent.glob("access.log-????"))
        if plain:
            pack(chance.choice(plain), chance.choice((".gz", ".zst")))

    def read() -> None:
        counter.read(most=chance.choice((None, 1)))

    things = [write] * 4 + [read] * 3 + [rotate, pack_one, counter.restart, counter.wait]
    for _ in range(120):
        chance.choice(things)()
    counter.read()
    assert sorted(counter.lines) == [b"line %06d" % number for number in range(written)]
