import gzip
import sys
from pathlib import Path

import pytest

from wheelyard.storage.objects import open_store
from wheelyard.storage.packing import delete_page, put_page
from wheelyard.storage.store import Store

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LONG = b"eggs and spam " * 200


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"file://{tmp_path}")


def test_a_page_is_there_in_all_forms(store: Store) -> None:
    put_page(store, "simple/spam/index.json", LONG)
    assert store.get("simple/spam/index.json") == LONG
    assert gzip.decompress(store.get("simple/spam/index.json.gz")) == LONG
    assert zstd.decompress(store.get("simple/spam/index.json.zst")) == LONG


def test_the_same_page_is_the_same_bytes_at_any_time(store: Store) -> None:
    put_page(store, "a", LONG)
    put_page(store, "b", LONG)
    assert store.get("a.gz") == store.get("b.gz")


def test_a_page_that_gets_short_leaves_no_old_form_behind(store: Store) -> None:
    put_page(store, "a", LONG)
    put_page(store, "a", b"short")
    assert list(store.keys("")) == ["a"]


def test_a_page_goes_in_all_forms(store: Store) -> None:
    put_page(store, "a", LONG)
    delete_page(store, "a")
    delete_page(store, "a")
    assert list(store.keys("")) == []
