"""Cross builds in real environments, where these are there: made with the target's libraries,
imported under emulation, and made again in another lane where that fails.

`TEST_ENVIRONMENTS` may name the folder of the environments.
"""

import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oven import Oven, open_bench, open_oven, wheel_of
from wheelyard.builder.attempt import Bench
from wheelyard.builder.environments.choice import Environments
from wheelyard.builder.environments.store import Store
from wheelyard.builder.offers import offers
from wheelyard.errors import WheelyardError
from wheelyard.model.certificate import CheckResult
from wheelyard.model.lane import Lane
from wheelyard.model.recipe import Recipe
from wheelyard.model.target import Target, target_from_name
from wheelyard.protocol import BuildLease, RecipeMessage, TargetMessage
from wheelyard.settings import Settings

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

TARGET = target_from_name("bookworm-cp311-armv7l")
WRITER = (Path(__file__).parents[1] / "faultzoo/wheelwriter.py").read_text(encoding="utf-8")
WANTS_THE_MACHINE = f"""{WRITER}
import sys
def build_wheel(folder, *_):
    if sys.implementation._multiarch != "arm-linux-gnueabihf":
        raise SystemExit("this back end wants the machine itself")
    return write_wheel(folder, "odd", "1.0")
"""
ASKS_FOR_WIDTH = f"""{WRITER}
import sys
def build_wheel(folder, *_):
    return write_wheel(folder, "odd", "1.0", {{"odd.py": b"wide = %d" % (sys.maxsize > 2**32)}})
"""
NEEDS_LIBRARY = f"""{WRITER}
import os, subprocess, sysconfig
SOURCE = b'''
#include <Python.h>
#include <libxml/parser.h>
static struct PyModuleDef odd = {{PyModuleDef_HEAD_INIT, "odd"}};
PyMODINIT_FUNC PyInit_odd(void) {{ xmlCheckVersion(LIBXML_VERSION); return PyModule_Create(&odd); }}
'''
def build_wheel(folder, *_):
    flags = subprocess.check_output(["pkg-config", "--cflags", "--libs", "libxml-2.0"], text=True)
    again = subprocess.check_output(["xml2-config", "--cflags", "--libs"], text=True)
    name = "odd" + sysconfig.get_config_var("EXT_SUFFIX")
    include = "-I" + sysconfig.get_path("include")
    for words in (flags, again):
        subprocess.run(["cc", "-shared", "-fPIC", include, "-xc", "-", "-xnone", *words.split(),
                        "-o", name], input=SOURCE, check=True)
    with open(name, "rb") as file:
        files = {{name: file.read()}}
    platform = sysconfig.get_platform().replace("-", "_")
    return write_wheel(folder, "odd", "1.0", files, tag=f"cp311-cp311-{{platform}}")
"""


@pytest.fixture(scope="module")
def environments() -> Environments:
    folder = os.environ.get("TEST_ENVIRONMENTS") or Settings().builder.environment_folder
    environments = Environments(store=Store(Path(folder)), chosen={})
    try:
        pair = environments.pair_for(TARGET)
    except WheelyardError as error:
        pytest.skip(str(error))
    if pair is None:
        pytest.skip("no environments to cross-compile with")
    return environments


@pytest.fixture(scope="module")
def bench(environments: Environments) -> Iterator[Bench]:
    with open_bench() as bench:
        yield replace(bench, environments=environments)


@pytest.fixture
def oven(bench: Bench, tmp_path: Path) -> Iterator[Oven]:
    with open_oven(bench, tmp_path) as oven:
        yield oven


def for_board(lease: BuildLease, board: Target = TARGET, *, may_cross: bool = True) -> BuildLease:
    target = TargetMessage.of(board)
    return lease.model_copy(update={"target": target, "may_cross": may_cross})


def test_what_only_works_on_the_machine_itself_is_built_under_emulation(oven: Oven) -> None:
    lease = for_board(oven.odd(WANTS_THE_MACHINE))

    outcome = oven.bake(lease)

    wheel_of(outcome)
    assert outcome.cross_failure is not None
    assert outcome.cross_failure.evidence == ("this back end wants the machine itself",)
    assert outcome.environment == "bookworm-armhf"
    assert "it is built again under emulation" in oven.log(lease)


@pytest.mark.soak
def test_what_is_known_to_fail_is_not_tried_again(oven: Oven) -> None:
    lease = for_board(oven.odd(WANTS_THE_MACHINE), may_cross=False)

    outcome = oven.bake(lease)

    wheel_of(outcome)
    assert outcome.cross_failure is None
    assert "cross compilers have failed with this project before" in oven.log(lease)


@pytest.mark.soak
@pytest.mark.parametrize("architecture", ["armv7l", "aarch64"])
def test_an_extension_module_is_compiled_for_the_board_and_imported(
    oven: Oven, architecture: str
) -> None:
    board = target_from_name(f"bookworm-cp311-{architecture}")
    if oven.bench.environments.pair_for(board) is None:
        pytest.skip(f"no environments to cross-compile with for {architecture}")
    lease = for_board(oven.zoo("good-extension"), board)

    outcome = oven.bake(lease)

    wheel = wheel_of(outcome)
    assert wheel.name.endswith(f"linux_{architecture}.whl")
    assert outcome.cross_failure is None
    assert "cross-compiled with the tools of bookworm-amd64-cross" in oven.log(lease)
    [imported] = [check for check in outcome.checks if check.name == "import"]
    assert imported.result is CheckResult.PASS


@pytest.mark.soak
def test_libraries_of_debian_are_those_of_the_board(oven: Oven) -> None:
    lease = for_board(oven.odd(NEEDS_LIBRARY))
    recipe = RecipeMessage.of(Recipe(debian_packages=("libxml2-dev",)))

    outcome = oven.bake(lease.model_copy(update={"recipe": recipe}))

    wheel_of(outcome)
    assert outcome.cross_failure is None
    assert [text.partition(" ")[0] for text in outcome.dependencies] == ["libxml2"]


@pytest.mark.soak
def test_a_build_that_asks_for_the_width_of_pointers_is_not_cross_compiled(oven: Oven) -> None:
    lease = for_board(oven.odd(ASKS_FOR_WIDTH))

    outcome = oven.bake(lease)

    with zipfile.ZipFile(wheel_of(outcome)) as archive:
        assert archive.read("odd.py") == b"wide = 0"
    assert "it is not cross-compiled" in oven.log(lease)


@pytest.mark.soak
def test_a_builder_offers_the_lane_with_its_speed(bench: Bench, tmp_path: Path) -> None:
    [offer] = offers([TARGET.name], bench.environments, bench.sandbox, folder=tmp_path)

    assert (offer.target, offer.lane) == (TARGET.name, Lane.CROSS)
    assert offer.speed > 0
