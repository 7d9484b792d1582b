from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes import bubblewrap, reachable_folder
from wheelyard.builder.sandbox.plain import PlainSandbox
from wheelyard.builder.sandbox.sandbox import Sandbox

ISOLATED = ["bubblewrap", "bubblewrap without control groups"]


@pytest.fixture(params=[*ISOLATED, "plain"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return PlainSandbox() if request.param == "plain" else opened(request.param)


@pytest.fixture(params=ISOLATED)
def isolated(request: pytest.FixtureRequest) -> Sandbox:
    return opened(request.param)


def opened(name: str) -> Sandbox:
    return bubblewrap({} if "without" in name else None)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Return a folder that builds can reach."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def marker(reachable: Path) -> str:
    """Return a word that finds this test's processes, and no others."""
    return f"mark-{reachable.name}"
