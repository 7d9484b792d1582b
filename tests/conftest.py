"""What all tests share: one PostgreSQL cluster per test process, started when first asked for.

The collector of garbage is held back: every time that it looks at everything, it looks at each of
the thousands of tests and at all libraries, which took a fifth of the time that tests take.
"""

import gc
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
_OBJECTS_BETWEEN_COLLECTIONS = 10_000


def pytest_sessionstart() -> None:
    """Collect nothing while tests are found: all that is made then stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on collect what tests leave behind, and look at nothing that was there before."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
    gc.enable()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster
