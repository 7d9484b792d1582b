"""What every store promises, run on every implementation."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import S3Store

from fake_s3 import FakeS3
from wheelyard.errors import BadInput, NotStored, StoreFull
from wheelyard.storage.objects import FolderStore, ObjectStore, open_store
from wheelyard.storage.store import Store

KINDS = ("folder", "memory", "bucket")
HOSTILE_KEYS = (
    "",
    ".",
    "..",
    "/",
    "/absolute",
    "a/",
    "a//b",
    "../up",
    "a/../../up",
    "a/./b",
    ".hidden",
    ".partial/x",
    "a/.git",
    "a\\b",
    "a\x00b",
    "a\nb",
    "a b",
    "a?b",
    "a#1",
    "a%2e%2e",
    "~root",
    "-rf",
    "ü",
    "p" * 256,
    "/".join(["a" * 250] * 5),
)


@pytest.fixture(scope="module")
def bucket() -> Iterator[FakeS3]:
    with FakeS3() as server:
        yield server


@pytest.fixture(params=KINDS)
def new_store(
    request: pytest.FixtureRequest, tmp_path: Path, bucket: FakeS3
) -> Callable[[], Store]:
    count = iter(range(100_000))

    def make() -> Store:
        number = next(count)
        match request.param:
            case "folder":
                return open_store(f"file://{tmp_path}/store{number}")
            case "memory":
                return open_store("memory://")
            case _:
                return ObjectStore(bucket.backend(f"{tmp_path.name}{number}"))

    return make


@pytest.fixture
def store(new_store: Callable[[], Store]) -> Store:
    return new_store()


def test_what_is_put_is_got_whole(store: Store) -> None:
    store.put("a/b.txt", b"hello")
    assert store.get("a/b.txt") == b"hello"


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.put("empty", b"")
    assert (store.get("empty"), list(store.read("empty")), store.info("empty").size) == (b"", [], 0)


def test_pieces_are_put_together(store: Store) -> None:
    store.put("pieces", (bytes([number]) * 3_000_000 for number in range(4)))
    assert store.get("pieces") == b"".join(bytes([number]) * 3_000_000 for number in range(4))


def test_a_second_put_replaces_the_first(store: Store) -> None:
    store.put("key", b"a longer first version")
    store.put("key", b"second")
    assert store.get("key") == b"second"
    assert store.info("key").size == 6


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 5, b"34"),
        (8, 100, b"89"),
        (0, 0, b""),
        (5, 3, b""),
        (10, None, b""),
        (11, 20, b""),
    ],
)
def test_a_range_is_read(store: Store, start: int, end: int | None, expected: bytes) -> None:
    store.put("digits", b"0123456789")
    assert b"".join(store.read("digits", start=start, end=end)) == expected


def test_a_large_object_is_read_whole(store: Store) -> None:
    data = bytes(range(256)) * 20_000
    store.put("large", data)
    assert b"".join(store.read("large")) == data
    assert b"".join(store.read("large", start=1_500_000)) == data[1_500_000:]


@pytest.mark.parametrize("method", ["get", "info", "read"])
def test_what_is_not_there_is_not_stored(store: Store, method: str) -> None:
    store.put("folder/object", b"")
    for key in ("nothing", "folder", "folder/nothing", "folder/object/below"):
        with pytest.raises(NotStored):
            getattr(store, method)(key)


def test_info_knows_size_and_time(store: Store) -> None:
    store.put("key", b"12345")
    info = store.info("key")
    assert (info.key, info.size) == ("key", 5)
    assert abs(info.modified_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_deleted_object_is_gone_and_deleting_it_again_does_nothing(store: Store) -> None:
    store.put("a/b", b"x")
    store.put("a/c", b"y")
    store.delete("a/b")
    store.delete("a/b")
    store.delete("never/was/there")
    assert list(store.keys("a")) == ["a/c"]


def test_keys_are_those_below_a_folder(store: Store) -> None:
    for key in ("a/1", "a/b/2", "ab/3", "c", "a.txt"):
        store.put(key, b"")
    assert sorted(store.keys("a")) == ["a/1", "a/b/2"]
    assert sorted(store.keys("a/")) == ["a/1", "a/b/2"]
    assert sorted(store.keys("a/b")) == ["a/b/2"]
    assert sorted(store.keys("")) == ["a.txt", "a/1", "a/b/2", "ab/3", "c"]
    assert list(store.keys("nothing")) == []


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_key_that_is_no_relative_path_is_refused(store: Store, key: str) -> None:
    for call in (
        lambda: store.put(key, b"x"),
        lambda: store.get(key),
        lambda: store.read(key),
        lambda: store.info(key),
        lambda: store.delete(key),
    ):
        with pytest.raises(BadInput):
            call()
    assert list(store.keys("")) == []


@pytest.mark.parametrize("prefix", ["..", "../x", "a/../..", ".partial"])
def test_no_folder_outside_can_be_listed(store: Store, prefix: str) -> None:
    with pytest.raises(BadInput):
        list(store.keys(prefix))


def test_a_writer_that_fails_in_the_middle_leaves_the_old_object(store: Store) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 6_000_000
        message = "the source broke"
        raise ValueError(message)

    store.put("key", b"old")
    for key in ("key", "other"):
        with pytest.raises(ValueError, match="the source broke"):
            store.put(key, broken())
    assert store.get("key") == b"old"
    assert list(store.keys("")) == ["key"]


def test_readers_see_the_old_bytes_or_the_new_and_never_a_mixture(store: Store) -> None:
    size = 300_000
    versions = {bytes([letter]) * size for letter in b"abc"}
    seen: list[bytes] = []
    stop = threading.Event()
    store.put("key", b"a" * size)

    def read() -> None:
        while not stop.is_set():
            seen.append(store.get("key"))
            seen.append(b"".join(store.read("key")))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for version in sorted(versions) * 10:
        store.put("key", version)
    stop.set()
    for reader in readers:
        reader.join()
    assert seen
    assert set(seen) <= versions


_part = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._+!=@~-]{0,20}", fullmatch=True)
_key = st.lists(_part, min_size=1, max_size=4).map("/".join)


@settings(max_examples=30)
@given(key=_key, data=st.binary(max_size=100), start=st.integers(0, 120), end=st.integers(0, 120))
def test_any_plain_path_is_a_key(
    new_store: Callable[[], Store], key: str, data: bytes, start: int, end: int
) -> None:
    store = new_store()
    store.put(key, data)
    assert store.get(key) == data
    assert b"".join(store.read(key, start=start, end=end)) == data[start:end]
    assert list(store.keys("")) == [key]
    store.delete(key)
    assert list(store.keys("")) == []


@settings(max_examples=50)
@given(key=st.text(max_size=40))
def test_any_other_text_is_refused_or_kept_as_it_is(
    new_store: Callable[[], Store], key: str
) -> None:
    store = new_store()
    try:
        store.put(key, b"x")
    except BadInput:
        assert list(store.keys("")) == []
    else:
        assert list(store.keys("")) == [key]


def test_a_full_bucket_says_so(bucket: FakeS3) -> None:
    store = ObjectStore(bucket.backend("full"))
    store.put("key", b"old")
    bucket.full = True
    try:
        with pytest.raises(StoreFull):
            store.put("key", b"new")
        with pytest.raises(StoreFull):
            store.put("pieces", iter([b"x" * 6_000_000]))
    finally:
        bucket.full = False
    assert store.get("key") == b"old"
    assert list(store.keys("")) == ["key"]


def test_stores_are_opened_by_their_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "nowhere")
    assert isinstance(open_store(f"file://{tmp_path}/with%20space"), FolderStore)
    assert (tmp_path / "with space").is_dir()
    bucket = open_store("s3://bucket/some/prefix/")
    assert isinstance(bucket, ObjectStore)
    backend = bucket._backend  # noqa: SLF001 - there is no other way to see what was opened
    assert isinstance(backend, S3Store)
    assert (backend.config["bucket"], backend.prefix) == ("bucket", "some/prefix")
