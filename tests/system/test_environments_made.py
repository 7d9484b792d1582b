"""A real environment, made from this machine's own Debian archives, and real builds in it.

`TEST_ENVIRONMENTS` may name a folder where environments are kept from run to run.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oven import Oven, failure_of, open_bench, open_oven
from sandboxes import bubblewrap, reachable_folder, run
from wheelyard.builder.attempt import Bench
from wheelyard.builder.environments.checking import check
from wheelyard.builder.environments.choice import Environments
from wheelyard.builder.environments.helper import made_layer
from wheelyard.builder.environments.layers import mount_points
from wheelyard.builder.environments.making import create
from wheelyard.builder.environments.root import root_view
from wheelyard.builder.environments.store import Store, Version
from wheelyard.errors import EnvironmentUnusable, PackagesMissing
from wheelyard.model.build import FailureKind
from wheelyard.model.environment import parse_debian_package, parse_environment_name
from wheelyard.model.recipe import Recipe

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

BOOKWORM = parse_environment_name("bookworm-amd64")
LIBRARY = "libxml2-dev"
BACKEND = (
    "import subprocess\n"
    "def build_wheel(*_):\n"
    "    print('version', subprocess.run(['pkg-config', '--modversion', 'libxml-2.0']))\n"
    "    subprocess.run(['cc', '-xc', '-fsyntax-only', '-I/usr/include/libxml2', '-'],\n"
    "                   input=b'#include <libxml/xmlversion.h>', check=True)\n"
    "    raise SystemExit('the header is there')\n"
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Return a store in which there is an environment of this machine's own kind."""
    kept = os.environ.get("TEST_ENVIRONMENTS")
    with reachable_folder() as folder:
        store = Store(Path(kept) if kept else folder)
        if not store.has(BOOKWORM):
            create(store, BOOKWORM, say=print)
        yield store


@pytest.fixture(scope="module")
def version(store: Store) -> Version:
    return store.current(BOOKWORM)


@pytest.fixture(scope="module")
def bench(store: Store) -> Iterator[Bench]:
    with open_bench() as bench:
        yield replace(bench, environments=Environments(store=store, chosen={}))


@pytest.fixture
def oven(bench: Bench, tmp_path: Path) -> Iterator[Oven]:
    with open_oven(bench, tmp_path) as oven:
        yield oven


def seconds_of_layer(store: Store, *packages: str) -> float:
    names = [parse_debian_package(name) for name in packages]
    begun = time.monotonic()
    with made_layer(store.folder, BOOKWORM, names, words=None, say=print, check=lambda: None):
        return time.monotonic() - begun


def test_an_environment_that_was_made_passes_its_check(version: Version) -> None:
    checks = check(BOOKWORM, version, bubblewrap())

    assert [item.problem for item in checks] == ["", "", "", "", ""]


def test_it_is_made_of_debians_packages_and_nothing_is_mounted(
    store: Store, version: Version
) -> None:
    packages = {package.name for package in version.manifest.packages}

    assert {"build-essential", "python3-dev", "pkg-config"} <= packages
    assert LIBRARY not in packages
    assert mount_points(store.folder / "bookworm-amd64") == []
    assert not (store.folder / "bookworm-amd64/making").exists()


def test_a_build_sees_its_python_and_nothing_of_the_host(version: Version) -> None:
    sandbox = bubblewrap().showing(root_view(version.root))

    ran = run(sandbox, "/usr/bin/python3", "-c", "import os; print(sorted(os.listdir('/var')))")

    assert ran.text == "['lib', 'run', 'tmp']\n"


def test_a_changed_file_is_found(store: Store) -> None:
    with made_layer(store.folder, BOOKWORM, (), words=None, say=print, check=lambda: None) as layer:
        current = store.current(BOOKWORM)
        folder = layer.root.parent / "changed"
        folder.mkdir()
        (folder / "root").symlink_to(layer.root)
        (layer.root / "usr/bin/pkg-config").unlink()
        (layer.root / "usr/bin/python3-config").write_text("evil")
        problems = [
            item.problem for item in check(BOOKWORM, replace(current, folder=folder), bubblewrap())
        ]

    assert problems[0] == ""
    assert "changed or missing" in problems[1]
    assert "Python.h" in problems[4] or problems[4]


def test_a_layer_with_cached_packages_takes_a_few_seconds(store: Store) -> None:
    seconds_of_layer(store, LIBRARY)

    # Six seconds on a machine at rest; a busy one is forgiven.
    assert min(seconds_of_layer(store, LIBRARY) for _ in range(3)) < 12


@pytest.mark.parametrize("package", ["default-jdk-headless", "default-libmysqlclient-dev"])
def test_packages_that_do_more_than_bring_files_are_installed(store: Store, package: str) -> None:
    assert seconds_of_layer(store, package) > 0


def test_a_package_that_does_not_exist_is_told(store: Store) -> None:
    with pytest.raises(PackagesMissing, match="libnothing-of-the-sort-dev"):
        seconds_of_layer(store, LIBRARY, "libnothing-of-the-sort-dev")

    assert mount_points(store.folder) == []


def test_packages_that_exclude_one_another_are_told(store: Store) -> None:
    with pytest.raises(PackagesMissing, match=r"Conflicts|Depends|Breaks"):
        seconds_of_layer(store, "libcurl4-openssl-dev", "libcurl4-gnutls-dev")


def test_an_archive_that_no_key_of_ours_signed_is_refused(store: Store, version: Version) -> None:
    sources = version.sources.read_text()
    fetched = store.folder / "bookworm-amd64/packages/fetched"
    fetched.unlink(missing_ok=True)
    key = "/usr/share/keyrings/debian-archive-removed-keys.gpg"
    words = [
        word if "signed-by" not in word else f"signed-by={key}]" for word in sources.split(" ")
    ]
    version.sources.write_text(" ".join(words))
    try:
        with pytest.raises(EnvironmentUnusable, match="no valid signature"):
            seconds_of_layer(store, LIBRARY)
    finally:
        version.sources.write_text(sources)


def test_a_build_gets_the_packages_of_its_recipe(oven: Oven, store: Store) -> None:
    lease = oven.odd(BACKEND)
    recipe = lease.recipe.of(Recipe(debian_packages=(LIBRARY,)))

    oven.bake(lease.model_copy(update={"recipe": recipe}))

    log = oven.log(lease)
    assert f"Debian packages: {LIBRARY}" in log
    assert "environment: bookworm-amd64 " in log
    assert "the header is there" in log
    assert mount_points(store.folder) == []


def test_a_build_without_them_does_not(oven: Oven) -> None:
    failure = failure_of(oven.bake(oven.odd(BACKEND)))

    assert failure.kind is FailureKind.MISSING_SYSTEM_PACKAGE
    assert failure.subject == "libxml/xmlversion.h"


@pytest.mark.parametrize("package", ["libnothing-of-the-sort-dev", "x;evil", "libxml2-dev-"])
def test_a_recipe_whose_packages_do_not_exist_is_a_failure_that_says_so(
    oven: Oven, package: str
) -> None:
    lease = oven.odd(BACKEND)
    recipe = lease.recipe.of(Recipe(debian_packages=(package,)))

    failure = failure_of(oven.bake(lease.model_copy(update={"recipe": recipe})))

    assert failure.kind is FailureKind.MISSING_SYSTEM_PACKAGE
    assert failure.subject == package
    assert failure.message == "The environment that the build needs could not be made."
