"""Throw-away layers on the real kernel, over roots that are tiny."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from processes import has_ended
from roots import BOOKWORM, put_environment
from sandboxes import bubblewrap, reachable_folder, run
from wheelyard import process
from wheelyard.builder.environments.helper import Layer, made_layer
from wheelyard.builder.environments.layers import layer, mount_points, sweep
from wheelyard.builder.environments.root import root_view
from wheelyard.builder.environments.store import Store
from wheelyard.errors import EnvironmentUnusable, Stopped, UnknownEnvironment
from wheelyard.model.environment import parse_debian_package

pytestmark = pytest.mark.system

SOURCES = Path(__file__).parents[2] / "src"
HOLDER = (
    "import sys; from pathlib import Path\n"
    "from wheelyard.builder.environments.helper import made_layer\n"
    "from wheelyard.model.environment import parse_environment_name\n"
    "name = parse_environment_name('bookworm-amd64')\n"
    "check = lambda: None\n"
    "with made_layer(Path(sys.argv[1]), name, (), words=None, say=print, check=check) as found:\n"
    "    print(found.root, flush=True); sys.stdin.read()\n"
)
SILENT = (sys.executable, "-c", "import sys; sys.stdin.read()")


@pytest.fixture
def store() -> Iterator[Store]:
    with reachable_folder() as folder:
        yield Store(folder / "environments")


def eventually(holds: Callable[[], bool], *, within: float = 30.0) -> bool:
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def is_clear(store: Store) -> bool:
    return not mount_points(store.folder) and not list((store.folder / "layers").iterdir())


def asked(store: Store, *packages: str, words: tuple[str, ...] | None = None) -> Layer:
    """Return a layer that was made and given back."""
    names = [parse_debian_package(name) for name in packages]
    with made_layer(
        store.folder, BOOKWORM, names, words=words, say=print, check=lambda: None
    ) as found:
        return found


def test_what_is_written_into_a_layer_leaves_the_root_as_it_was(store: Store) -> None:
    version = put_environment(store)

    with layer(store.folder, version.root) as root:
        (root / "usr/lib/marker").write_text("of the layer")
        (root / "usr/lib/new").touch()
        assert len(mount_points(store.folder)) == 1

    assert (version.root / "usr/lib/marker").read_text() == "of the environment"
    assert not (version.root / "usr/lib/new").exists()
    assert is_clear(store)


def test_a_layer_that_fails_is_cleared_too(store: Store) -> None:
    version = put_environment(store)

    with pytest.raises(ValueError, match="spam"), layer(store.folder, version.root):
        raise ValueError("spam")

    assert is_clear(store)


def test_where_the_disk_cannot_hold_a_layer_memory_does(store: Store) -> None:
    version = put_environment(store)
    with layer(store.folder, version.root) as outer:
        (outer / "inner").mkdir()
        with layer(outer / "inner", version.root) as root:
            (root / "usr/lib/marker").write_text("of the layer")
            # The overlay, and the memory that it is written to.
            assert len(mount_points(outer / "inner")) == 2
        assert mount_points(outer / "inner") == []

    assert (version.root / "usr/lib/marker").read_text() == "of the environment"
    assert is_clear(store)


def test_builds_see_a_layer_in_the_sandbox_and_cannot_write_it(store: Store) -> None:
    view = root_view(put_environment(store).root)
    # A tiny root has no programs: the machine's own lend theirs.
    with layer(store.folder, Path("/usr")) as root:
        (root / "share/marker").write_text("of the layer")
        shown = {**view.shown, "/usr": root}
        links = {**view.links, "/bin": "usr/bin", "/lib": "usr/lib", "/lib64": "usr/lib64"}
        sandbox = bubblewrap().showing(
            type(view)(shown=shown, hidden=(), links=links, made_up=view.made_up)
        )
        ran = run(sandbox, "/bin/sh", "-c", "cat /usr/share/marker; id -un; touch /usr/x")

    assert ran.text.startswith("of the layerbuilder\n")
    assert "Read-only file system" in ran.text
    assert is_clear(store)


def test_the_helper_keeps_a_layer_as_long_as_it_is_asked_to(store: Store) -> None:
    version = put_environment(store)

    with made_layer(store.folder, BOOKWORM, (), words=None, say=print, check=lambda: None) as found:
        assert (found.root / "usr/lib/marker").read_text() == "of the environment"
        assert found.digest == version.manifest.digest
        with pytest.raises(EnvironmentUnusable, match="A build uses it"):
            store.remove(BOOKWORM)

    assert is_clear(store)
    store.remove(BOOKWORM)


def test_a_layer_that_was_given_back_is_gone_at_once_each_time(store: Store) -> None:
    put_environment(store)
    for _ in range(8):
        asked(store)
        assert is_clear(store)


def test_the_helpers_errors_are_ours(store: Store) -> None:
    store.home(BOOKWORM)

    with pytest.raises(UnknownEnvironment, match="wheelyard environment create bookworm-amd64"):
        asked(store)


def test_a_helper_that_talks_nonsense_is_no_layer(store: Store) -> None:
    for said in ("", "no json", "[]", '{"root": 1}', '{"error": "Exception"}'):
        with pytest.raises(EnvironmentUnusable, match="ended without a word"):
            asked(store, words=("/usr/bin/printf", "%.0s" + said + "\\n"))


def test_waiting_for_the_helper_ends_when_the_build_is_to_stop(store: Store) -> None:
    def stop() -> None:
        raise Stopped("builder")

    with (
        pytest.raises(Stopped),
        made_layer(store.folder, BOOKWORM, (), words=SILENT, say=print, check=stop),
    ):
        pass


def holder(store: Store) -> subprocess.Popen[str]:
    """Start a program that holds a layer, and wait until it has it."""
    started = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(store.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )
    assert started.stdout is not None
    assert started.stdout.readline().startswith(str(store.folder))
    return started


def helpers_of(store: Store) -> list[int]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"wheelyard.builder.privileged" in words and str(store.folder).encode() in words:
            found.append(int(file.parent.name))
    return found


def test_the_layer_of_an_agent_that_was_killed_goes_by_itself(store: Store) -> None:
    put_environment(store)
    with holder(store) as agent:
        assert len(mount_points(store.folder)) == 1
        agent.kill()

    assert eventually(lambda: is_clear(store))
    assert eventually(lambda: helpers_of(store) == [])


def test_the_layer_of_a_helper_that_was_killed_is_swept_by_the_next(store: Store) -> None:
    put_environment(store)
    with holder(store) as agent:
        (helper,) = helpers_of(store)
        os.kill(helper, signal.SIGKILL)
        assert has_ended(helper)
        agent.kill()
    assert len(mount_points(store.folder)) == 1

    asked(store)

    assert is_clear(store)


def test_a_layer_in_use_is_not_swept(store: Store) -> None:
    version = put_environment(store)

    with layer(store.folder, version.root) as root:
        assert sweep(store.folder / "layers") == 0
        assert (root / "usr/lib/marker").exists()


def test_a_helper_told_to_end_clears_up_first(store: Store) -> None:
    put_environment(store)
    started = process.start(
        [sys.executable, "-m", "wheelyard.builder.privileged", str(store.folder), str(BOOKWORM)],
        environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(SOURCES)},
        stdin=process.PIPE,
        stdout=process.PIPE,
        die_with_parent=False,
    )
    with closing(started):
        assert started.stdout is not None
        assert started.stdout.readline()
        started.terminate()
        started.wait()

    assert is_clear(store)
