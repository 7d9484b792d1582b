"""Parts of stored logs."""

import gzip

import pytest

from wheelyard.web.shown_builds import unpacked_part

LOG = b"".join(b"line %d\n" % number for number in range(200_000))
PACKED = gzip.compress(LOG, compresslevel=1)


@pytest.mark.parametrize("offset", [0, 1, 2**20, 2**20 + 7, len(LOG) - 1, len(LOG), 2**40])
def test_a_part_is_what_it_is_of_the_whole(offset: int) -> None:
    for limit in (1, 1000, 2**18):
        assert unpacked_part(PACKED, offset=offset, limit=limit) == LOG[offset : offset + limit]


def test_of_an_empty_log_every_part_is_empty() -> None:
    assert unpacked_part(gzip.compress(b""), offset=0, limit=10) == b""
    assert unpacked_part(gzip.compress(b""), offset=5, limit=10) == b""
