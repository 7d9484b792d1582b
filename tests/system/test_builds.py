"""The story of a build, in the real sandbox, with requirements from a real index server."""

import hashlib
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hostile_archives import traversal
from oven import Oven, failure_of, open_bench, open_oven, wheel_of
from wheelyard.builder.attempt import Bench
from wheelyard.builder.build import build
from wheelyard.errors import LeaseLost, Stopped
from wheelyard.model.build import FailureKind, Limits, Phase
from zoo import expected, zoo_names

pytestmark = pytest.mark.system

REAL_WHEELS = ("setuptools", "packaging")
TAGS = {
    "asks-for-more-requirements": "py3-none-any",
    "good-extension": "linux",
    "good-pure": "py3-none-any",
    "leaves-daemons": "py3-none-any",
    "legacy-setup": "linux",
    "probe": "py3-none-any",
    "writes-outside": "py3-none-any",
}


@pytest.fixture(scope="session")
def real_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The few wheels that real back ends need, from the index that this machine is set up for."""
    folder = tmp_path_factory.mktemp("wheels")
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    words += ["--disable-pip-version-check", "--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*words, *REAL_WHEELS], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with open_bench() as bench:
        yield bench


@pytest.fixture
def oven(bench: Bench, tmp_path: Path) -> Iterator[Oven]:
    with open_oven(bench, tmp_path) as oven:
        yield oven


@pytest.mark.parametrize("name", zoo_names())
def test_each_project_of_the_zoo_ends_as_it_must(
    request: pytest.FixtureRequest, oven: Oven, name: str
) -> None:
    wanted = expected(name)
    if wanted.needs_index:
        oven.upstream.add_folder(request.getfixturevalue("real_wheels"))
    lease = oven.zoo(name, limits=wanted.limits)

    outcome = oven.bake(lease)

    if wanted.kind is None:
        assert TAGS[name] in wheel_of(outcome).name
    else:
        failure = failure_of(outcome)
        assert failure.kind is wanted.kind, (failure, oven.log(lease)[-4000:])
        assert f"\nwheelyard: {failure.kind.value}: {failure.message}" in oven.log(lease)


def test_a_build_of_another_number_gets_it_into_the_name(oven: Oven) -> None:
    path = wheel_of(oven.bake(oven.zoo("good-pure", number=3)))
    assert path.name == "zoo_good_pure-1.0-3-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        assert b"Build: 3\n" in archive.read("zoo_good_pure-1.0.dist-info/WHEEL")


def test_a_build_that_is_done_again_makes_the_same_bytes(oven: Oven) -> None:
    lease = oven.zoo("good-extension")
    digests = set()
    for name in ("first", "second"):
        work = oven.work / name
        work.mkdir()
        work.chmod(0o711)
        wheel = wheel_of(oven.bake(lease, work=work))
        digests.add(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_phases_are_told_in_order(oven: Oven) -> None:
    lease = oven.zoo("good-pure")
    wheel_of(oven.bake(lease))
    told = re.findall(r"^wheelyard: phase (\w+)$", oven.log(lease), re.MULTILINE)
    assert told == [Phase.FETCH, Phase.BUILD, Phase.INSPECT]


def test_a_hostile_sdist_is_a_failure_that_never_reaches_the_sandbox(oven: Oven) -> None:
    sdist = oven.folder / "hostile-1.0.tar.gz"
    sdist.write_bytes(traversal())
    outcome = oven.bake(oven.lease(sdist, project="hostile"))
    assert failure_of(outcome).kind is FailureKind.SDIST_INVALID
    assert outcome.build_seconds == 0.0


def test_a_lost_lease_ends_a_build_that_hangs(oven: Oven) -> None:
    lease = oven.zoo("hangs")

    def lose_once_building() -> None:
        _wait_until_building(oven)
        oven.server.lose()

    threading.Thread(target=lose_once_building).start()
    begun = time.monotonic()
    with oven.reporting(lease) as report, pytest.raises(LeaseLost):
        build(oven.bench, lease, report, work=oven.work)
    assert time.monotonic() - begun < 300


def test_a_builder_that_is_stopped_ends_a_build_that_hangs(oven: Oven) -> None:
    lease, stop = oven.zoo("hangs"), threading.Event()

    def stop_once_building() -> None:
        _wait_until_building(oven)
        stop.set()

    threading.Thread(target=stop_once_building).start()
    with oven.reporting(lease, stop=stop) as report, pytest.raises(Stopped):
        build(oven.bench, lease, report, work=oven.work)


def _wait_until_building(oven: Oven) -> None:
    oven.server.wait_until(lambda: any(beat.phase is Phase.BUILD for beat in oven.server.beats))


def test_both_hooks_share_one_limit_of_time(oven: Oven) -> None:
    slow = (
        "import time\n"
        "def get_requires_for_build_wheel(config_settings=None):\n"
        "    time.sleep(3)\n    return []\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    time.sleep(60)\n"
    )
    outcome = oven.bake(oven.odd(slow, limits=Limits(duration=timedelta(seconds=4))))
    assert failure_of(outcome).kind is FailureKind.TIMEOUT
    assert 4 <= outcome.build_seconds < 6.9
