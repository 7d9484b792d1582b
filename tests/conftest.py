"""What all tests share: one PostgreSQL cluster per test process, started when first asked for."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from postgres import Cluster, running_cluster

# Neither how fast a machine is just now nor chance decides a test.
settings.register_profile(
    "untimed",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster
