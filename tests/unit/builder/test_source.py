import errno
import gzip
import hashlib
import io
import stat
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from fake_upstream import FakeFile, FakeUpstream, Fault
from hostile_archives import (
    HOSTILE_TARS,
    HOSTILE_ZIPS,
    STEM,
    many_files,
    setuid_program,
    two_top_folders,
)
from wheelyard.builder.source import fetch, unpack
from wheelyard.client import http_client
from wheelyard.errors import LeaseLost
from wheelyard.model.build import Failure, FailureKind, Limits, SdistReference
from wheelyard.model.names import Filename, Sha256

CONTENT = b"the source of it all" * 1000
SMALL = Limits(sdist_bytes=64 * 1024**2)


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with http_client(contact="tests", timeout=timedelta(seconds=5)) as client:
        yield client


@pytest.fixture
def file(upstream: FakeUpstream) -> FakeFile:
    return upstream.add_file("spam", CONTENT, "spam-1.0.tar.gz")


def reference(upstream: FakeUpstream, file: FakeFile, *, sha256: str = "") -> SdistReference:
    return SdistReference(
        filename=Filename(file.filename),
        url=upstream.root + file.path,
        sha256=Sha256(sha256 or file.sha256),
        size=None,
        uploaded_at=None,
    )


def fetched(
    client: httpx2.Client, sdist: SdistReference, cache: Path, *, limits: Limits = SMALL
) -> Path | Failure:
    return fetch(client, sdist, cache=cache, limits=limits, check=lambda: None)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_fetched_is_what_was_promised(
    client: httpx2.Client, upstream: FakeUpstream, file: FakeFile, tmp_path: Path
) -> None:
    found = fetched(client, reference(upstream, file), tmp_path)
    assert isinstance(found, Path)
    assert (found.name, found.read_bytes()) == ("spam-1.0.tar.gz", CONTENT)
    assert files_below(tmp_path) == [f"{file.sha256}/spam-1.0.tar.gz"]


def test_what_is_in_the_cache_needs_no_request(
    client: httpx2.Client, upstream: FakeUpstream, file: FakeFile, tmp_path: Path
) -> None:
    first = fetched(client, reference(upstream, file), tmp_path)
    second = fetched(client, reference(upstream, file), tmp_path)
    assert first == second
    assert len(upstream.seen(file.path)) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=404), FailureKind.NO_SDIST),
        (Fault(status=410), FailureKind.NO_SDIST),
        (Fault(status=429), FailureKind.INFRASTRUCTURE),
        (Fault(status=500), FailureKind.INFRASTRUCTURE),
        (Fault(status=403), FailureKind.INFRASTRUCTURE),
        (Fault(reset=True), FailureKind.INFRASTRUCTURE),
        (Fault(truncated_to=100), FailureKind.INFRASTRUCTURE),
        (Fault(redirect_to="file:///etc/passwd"), FailureKind.INFRASTRUCTURE),
        (Fault(body=b"another file"), FailureKind.HASH_MISMATCH),
        (Fault(body=CONTENT[:500], without_length=True), FailureKind.HASH_MISMATCH),
    ],
    ids=lambda value: value.value if isinstance(value, FailureKind) else "",
)
def test_a_download_that_fails_is_told_by_its_kind_and_leaves_nothing(  # noqa: PLR0917 - fixtures
    client: httpx2.Client,
    upstream: FakeUpstream,
    file: FakeFile,
    tmp_path: Path,
    fault: Fault,
    kind: FailureKind,
) -> None:
    upstream.fail(file.path, fault)
    failure = fetched(client, reference(upstream, file), tmp_path)
    assert isinstance(failure, Failure)
    assert failure.kind is kind
    assert files_below(tmp_path) == []


def test_a_wrong_hash_shows_both(
    client: httpx2.Client, upstream: FakeUpstream, file: FakeFile, tmp_path: Path
) -> None:
    failure = fetched(client, reference(upstream, file, sha256="0" * 64), tmp_path)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.HASH_MISMATCH
    assert failure.evidence == (
        f"promised sha256 {'0' * 64}",
        f"received sha256 {hashlib.sha256(CONTENT).hexdigest()}",
    )


def test_a_download_over_the_limit_is_given_up(
    client: httpx2.Client, upstream: FakeUpstream, file: FakeFile, tmp_path: Path
) -> None:
    limits = Limits(sdist_bytes=len(CONTENT) - 1)
    failure = fetched(client, reference(upstream, file), tmp_path, limits=limits)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.SDIST_INVALID
    assert files_below(tmp_path) == []


def test_a_download_ends_with_the_lease_and_leaves_nothing(
    client: httpx2.Client, upstream: FakeUpstream, file: FakeFile, tmp_path: Path
) -> None:
    def check() -> None:
        raise LeaseLost("the build")

    with pytest.raises(LeaseLost):
        fetch(client, reference(upstream, file), cache=tmp_path, limits=SMALL, check=check)
    assert files_below(tmp_path) == []


@pytest.mark.parametrize(
    ("ending", "name"),
    [(".tar.gz", name) for name in HOSTILE_TARS] + [(".zip", name) for name in HOSTILE_ZIPS],
)
def test_a_hostile_archive_is_refused_and_writes_nothing_outside(
    tmp_path: Path, ending: str, name: str
) -> None:
    archive = tmp_path / f"{STEM}{ending}"
    archive.write_bytes((HOSTILE_TARS if ending == ".tar.gz" else HOSTILE_ZIPS)[name]())

    failure = unpack(archive, tmp_path / "a-b", limits=SMALL)

    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.SDIST_INVALID
    assert [entry.name for entry in tmp_path.iterdir()] in (
        [archive.name, "a-b"],
        ["a-b", archive.name],
    )
    assert not Path("/tmp/wheelyard-escaped.py").exists()
    assert not Path("/var/tmp/wheelyard-escaped.py").exists()
    assert not any(path.is_symlink() for path in (tmp_path / "a-b").rglob("*"))


def test_two_top_folders_are_refused(tmp_path: Path) -> None:
    archive = write(tmp_path, two_top_folders())
    failure = unpack(archive, tmp_path / "out", limits=SMALL)
    assert isinstance(failure, Failure)
    assert "2 top folders" in failure.message


def test_more_files_than_the_limit_are_refused(tmp_path: Path) -> None:
    archive = write(tmp_path, many_files())
    failure = unpack(archive, tmp_path / "out", limits=Limits(files=1000))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.SDIST_INVALID


def test_programs_stay_programs_and_lose_other_rights(tmp_path: Path) -> None:
    folder = unpack(write(tmp_path, setuid_program()), tmp_path / "out", limits=SMALL)
    assert isinstance(folder, Path)
    assert stat.S_IMODE((folder / "become").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "pyproject.toml").stat().st_mode) == 0o644


def test_links_inside_become_copies(tmp_path: Path) -> None:
    link = tarfile.TarInfo(f"{STEM}/docs/LICENSE")
    link.type, link.linkname = tarfile.SYMTYPE, "../LICENSE"
    hard = tarfile.TarInfo(f"{STEM}/COPYING")
    hard.type, hard.linkname = tarfile.LNKTYPE, f"{STEM}/LICENSE"
    plain = tarfile.TarInfo(f"{STEM}/LICENSE")
    plain.size = 4
    folder = unpack(write(tmp_path, tar([link, plain, hard])), tmp_path / "out", limits=SMALL)
    assert isinstance(folder, Path)
    for name in ("docs/LICENSE", "COPYING", "LICENSE"):
        assert (folder / name).read_bytes() == b"free"
        assert not (folder / name).is_symlink()
        assert (folder / name).stat().st_nlink == 1


def test_links_that_go_round_in_circles_stay_away(tmp_path: Path) -> None:
    links = []
    for name, target in (("a", "b"), ("b", "a"), ("here", ".")):
        link = tarfile.TarInfo(f"{STEM}/{name}")
        link.type, link.linkname = tarfile.SYMTYPE, target
        links.append(link)
    plain = tarfile.TarInfo(f"{STEM}/LICENSE")
    plain.size = 4
    folder = unpack(write(tmp_path, tar([*links, plain])), tmp_path / "out", limits=SMALL)
    assert isinstance(folder, Path)
    assert [entry.name for entry in folder.iterdir()] == ["LICENSE"]


def test_many_links_to_one_big_file_count_against_the_limit(tmp_path: Path) -> None:
    links = []
    for number in range(100):
        link = tarfile.TarInfo(f"{STEM}/{number}")
        link.type, link.linkname = tarfile.LNKTYPE, f"{STEM}/LICENSE"
        links.append(link)
    plain = tarfile.TarInfo(f"{STEM}/LICENSE")
    plain.size = 4
    archive = write(tmp_path, tar([plain, *links]))
    failure = unpack(archive, tmp_path / "out", limits=Limits(sdist_bytes=100))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.SDIST_INVALID


@pytest.mark.parametrize(
    "name", [f"{STEM}/a\nb", f"{STEM}/a\x1b[2J", f"{STEM}/a\\b", ".", "..", "x" * 1001]
)
def test_names_that_no_file_should_have_are_refused(tmp_path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.size = 4
    failure = unpack(write(tmp_path, tar([member])), tmp_path / "out", limits=SMALL)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.SDIST_INVALID
    assert failure.message.isprintable()


def test_a_file_where_a_folder_must_be_is_refused(tmp_path: Path) -> None:
    members = [tarfile.TarInfo(f"{STEM}/a"), tarfile.TarInfo(f"{STEM}/a/b")]
    for member in members:
        member.size = 4
    failure = unpack(write(tmp_path, tar(members)), tmp_path / "out", limits=SMALL)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.SDIST_INVALID


def test_a_machine_that_cannot_write_is_not_the_archives_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    archive = write(tmp_path, two_top_folders())
    monkeypatch.setattr(Path, "chmod", is_full)
    with pytest.raises(OSError, match="No space"):
        unpack(archive, tmp_path / "out", limits=SMALL)


def write(folder: Path, content: bytes) -> Path:
    archive = folder / f"{STEM}.tar.gz"
    archive.write_bytes(content)
    return archive


def tar(members: list[tarfile.TarInfo]) -> bytes:
    """Pack members, files with as many bytes of `free` as they say."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"free"[: member.size]))
    return gzip.compress(packed.getvalue(), mtime=0)
