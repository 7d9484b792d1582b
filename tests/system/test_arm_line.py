"""The whole line for Raspberry Pis: built under emulation, certified, served, installed, imported.

Environments are taken from where builders keep them, or from `TEST_ENVIRONMENTS`; what is not there
is made, which takes about ten minutes each.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from line import WHEELYARD, Line
from sandboxes import reachable_folder
from wheelyard.archives import APT_ENVIRONMENT
from wheelyard.builder.environments.making import create
from wheelyard.builder.environments.running import is_emulated, is_native
from wheelyard.builder.environments.store import Store
from wheelyard.model.environment import parse_environment_name, target_of_environment
from wheelyard.settings import Settings
from wheelyard.upstream.configured import default_index_url

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3 * 3600)]

PROJECTS = {"markupsafe": "markupsafe._speedups", "ujson": "ujson", "pylibacl": "posix1e"}
"""Projects, and what of them is imported: plain C, C++, and C with a library of Debian's."""

RECIPES = {"pylibacl": "libacl1-dev"}
MACHINES = {"bookworm-armhf": ("EM_ARM", 32), "bookworm-arm64": ("EM_AARCH64", 64)}
_HOURS = 3 * 3600.0


class RealIndex:
    """The index that this machine is set up for, in place of a test's own."""

    @property
    def url(self) -> str:
        """Its simple index."""
        return default_index_url()


@pytest.fixture(params=MACHINES)
def environment(request: pytest.FixtureRequest) -> str:
    name = parse_environment_name(request.param)
    if not is_native(name.architecture) and not is_emulated(name.architecture):
        pytest.skip(f"programs of {name.architecture} do not run here")
    store = environments()
    if not store.has(name):
        create(store, name, say=print)
    return str(name)


def environments() -> Store:
    kept = os.environ.get("TEST_ENVIRONMENTS")
    return Store(Path(kept) if kept else Settings().builder.environment_folder)


@pytest.fixture
def line(environment: str, tmp_path: Path) -> Iterator[Line]:
    """Return a line whose builder knows this environment only, so that it cannot cross-compile."""
    store = environments()
    name = parse_environment_name(environment)
    target = target_of_environment(name, store.current(name).manifest.python)
    assert target is not None
    with reachable_folder() as folder:
        (folder / environment).symlink_to(store.folder / environment)
        line = Line(
            tmp_path,
            RealIndex(),
            TARGETS=json.dumps([target.name]),
            LIMITS__DURATION="PT2H",
            BUILDER__ENVIRONMENT_FOLDER=str(folder),
        )
        write_recipes(line)
        yield line


def write_recipes(line: Line) -> None:
    settings = {**line.environment(), "WHEELYARD_DATA": str(line.data)}
    subprocess.run([WHEELYARD, "database", "upgrade"], env=settings, check=True)
    for project, package in RECIPES.items():
        for words in (["project", "add", project], ["recipe", "set", project, "--debian", package]):
            subprocess.run([WHEELYARD, *words], env=settings, check=True)


def test_wheels_of_emulated_builds_are_installed_and_imported_in_their_root(
    environment: str, line: Line
) -> None:
    words = [*line.words(*PROJECTS, once=True), "--force"]
    done = subprocess.run(
        words, env=line.environment(), check=False, capture_output=True, text=True, timeout=_HOURS
    )
    assert done.returncode == 0, done.stdout + line.programs()

    wheels = sorted((line.data / "store/packages").rglob("*.whl"))
    assert len(wheels) == len(PROJECTS)
    with line.serving("--force", *PROJECTS):
        line.wait_for("Ready to install")
        printed = install(environment, line)

    assert f"imported {len(PROJECTS)}" in printed
    found = {(build.environment, build.failure) for build in line.builds()}
    assert found == {(environment, None)}


def install(environment: str, line: Line) -> str:
    """Install the projects inside the root, from our index and no other, and import them there."""
    store = environments()
    root = store.current(parse_environment_name(environment)).root
    index = f"http://127.0.0.1:{line.port}/{environment.partition('-')[0]}/simple/"
    script = (
        f"pip install --quiet --no-deps --only-binary :all: --target /tmp/there --index-url {index}"
        f" {' '.join(PROJECTS)} && find /tmp/there -name '*.so' -exec cp '{{}}' /objects ';'"
        f" && PYTHONPATH=/tmp/there python3 -c"
        f" 'import {', '.join(PROJECTS.values())}; print(\"imported {len(PROJECTS)}\")'"
    )
    objects = line.data / "objects"
    objects.mkdir()
    words = ["bwrap", "--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev"]
    words += ["--tmpfs", "/tmp", "--tmpfs", "/run", "--bind", str(objects), "/mnt"]
    words += ["--chdir", "/tmp", "--", "/bin/sh", "-c", script.replace("/objects", "/mnt")]
    done = subprocess.run(
        words, env=APT_ENVIRONMENT, check=False, capture_output=True, text=True, timeout=_HOURS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for file in objects.iterdir():
        with file.open("rb") as stream:
            elf = ELFFile(stream)
            assert (elf["e_machine"], elf.elfclass) == MACHINES[environment], file.name
    assert len(list(objects.iterdir())) >= len(PROJECTS)
    return done.stdout
