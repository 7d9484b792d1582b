import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.contents.parsing import (
    is_package_name,
    read_contents,
    read_paragraphs,
    read_relations,
)


def test_a_line_of_contents_has_a_path_and_packages_in_sections() -> None:
    lines = [b"usr/include/a.h         libdevel/liba-dev,contrib/libdevel/libb-dev\n"]
    assert list(read_contents(lines)) == [("usr/include", "a.h", ("liba-dev", "libb-dev"))]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"FILE LOCATION\n",
        b"usr/include/a.h\n",
        b"usr/include/\xff.h x/liba-dev\n",
        b"usr/include/a.h x/UPPER,x/-a,x/a;b,x/..,x/$(id)\n",
        b"usr/include/a b.h x/liba-dev\n",
        b"usr/share/doc/bin/tool x/tool\n",
        b"usr/include/" + b"a" * 5000 + b" x/liba-dev\n",
    ],
)
def test_what_does_not_read_like_contents_is_passed_over(line: bytes) -> None:
    assert list(read_contents([line])) == []


def test_a_hostile_line_takes_no_time() -> None:
    lines = [b"usr/lib/" + b"lib/" * 250_000 + b"lib.so x/liba-dev\n", b"usr/lib/" + b"a" * 10**6]
    began = time.process_time()
    assert list(read_contents(lines)) == []
    assert time.process_time() - began < 1


@given(st.lists(st.binary()))
def test_any_bytes_can_be_read(lines: list[bytes]) -> None:
    for _, name, packages in read_contents(lines):
        assert name
        assert all(map(is_package_name, packages))
    list(read_paragraphs(lines))


def test_a_folded_field_is_one() -> None:
    lines = [b"Package: a\n", b"Maintainer: x\n", b" y\n", b"Build-Depends: b,\n", b" c\n", b"\n"]
    assert list(read_paragraphs(lines)) == [{"Package": "a", "Build-Depends": "b, c"}]


def test_qualifiers_of_relations_are_dropped() -> None:
    text = "liba-dev:native (>= 1) [amd64] <!stage1>, bb | cc (= 2), dd <!nodoc>, ee [hurd-any]"
    assert list(read_relations(text)) == [("liba-dev",), ("bb", "cc")]
