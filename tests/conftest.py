"""What all tests share: one PostgreSQL cluster per test process, started when first asked for."""

from collections.abc import Iterator

import pytest

from postgres import Cluster, running_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster
