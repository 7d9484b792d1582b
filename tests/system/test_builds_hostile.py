"""What projects may try on the builder itself, by what they leave behind in the sandbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from oven import Oven, failure_of, open_bench, open_oven
from wheelyard.builder.attempt import Bench
from wheelyard.builder.sandbox.folders import remove_tree
from wheelyard.model.build import FailureKind

pytestmark = pytest.mark.system

BUILD_WHEEL = "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with open_bench() as bench:
        yield bench


@pytest.fixture
def oven(bench: Bench, tmp_path: Path) -> Iterator[Oven]:
    with open_oven(bench, tmp_path) as oven:
        yield oven


@pytest.mark.parametrize(
    "deed",
    [
        "os.mkfifo(sys.argv[2])",
        "os.mkdir(sys.argv[2])",
        "os.symlink('/etc/os-release', sys.argv[2])",
        "open(sys.argv[2], 'wb').truncate(1 << 22)",
        "open(sys.argv[2], 'w').write('[' * 100_000)",
        "open(sys.argv[2], 'w').write('[1]')",
        "open(sys.argv[2], 'w').write('{\"value\": 7}')",
        "open(sys.argv[2], 'w').write('{\"value\": [7]}')",
        "open(sys.argv[2], 'w').write('{\"value\": ' + '9' * 5000 + '}')",
        "open(sys.argv[2], 'wb').write(b'\\xff\\xfe\\x00')",
    ],
)
def test_whatever_a_project_makes_of_the_result_is_a_failure_of_its_own(
    oven: Oven, deed: str
) -> None:
    lease = oven.odd(f"import os, sys\n{deed}\nos._exit(0)\n")
    assert failure_of(oven.bake(lease)).kind is FailureKind.OUTPUT_INVALID


def test_a_link_in_the_place_of_the_next_request_is_not_followed(oven: Oven) -> None:
    victim = oven.folder / "victim"
    victim.write_text("as it was")
    backend = (
        "import os, sys\n"
        "def get_requires_for_build_wheel(config_settings=None):\n"
        "    for word in sys.argv[1:3]:\n"
        "        for name in ('build_wheel.json', 'build_wheel.result', 'result.json'):\n"
        "            try:\n"
        f"                os.symlink({str(victim)!r}, os.path.dirname(word) + '/' + name)\n"
        "            except OSError:\n"
        "                pass\n"
        "    return []\n"
        f"{BUILD_WHEEL}    return 'odd-1.0-py3-none-any.whl'\n"
    )
    oven.bake(oven.odd(backend))
    assert victim.read_text() == "as it was"


@pytest.mark.parametrize("name", ["../output/odd-1.0-py3-none-any.whl", "", ".", "x\0y", "\ud800"])
def test_what_a_wheel_is_called_cannot_lead_out_of_its_folder(oven: Oven, name: str) -> None:
    backend = (
        f"{BUILD_WHEEL}    open(folder + '/odd-1.0-py3-none-any.whl', 'w').close()\n"
        f"    return {name!r}\n"
    )
    assert failure_of(oven.bake(oven.odd(backend))).kind is FailureKind.OUTPUT_INVALID


def test_a_filename_that_is_no_text_is_told_without_harm(oven: Oven) -> None:
    backend = (
        f"{BUILD_WHEEL}    open(folder.encode() + b'/\\xff\\x1b[2J.whl', 'w').close()\n"
        "    return '\\udcff\\x1b[2J.whl'\n"
    )
    lease = oven.odd(backend)
    failure = failure_of(oven.bake(lease))
    assert failure.kind is FailureKind.OUTPUT_INVALID
    assert all(line.isprintable() for line in (failure.message, *failure.evidence))


def test_an_output_folder_full_of_files_is_a_failure_told_in_few_words(oven: Oven) -> None:
    backend = (
        f"{BUILD_WHEEL}    for number in range(20_000):\n"
        "        open(f'{folder}/{number:0200}', 'w').close()\n"
        "    return 'odd-1.0-py3-none-any.whl'\n"
    )
    failure = failure_of(oven.bake(oven.odd(backend)))
    assert failure.kind is FailureKind.OUTPUT_INVALID
    assert sum(len(line) for line in failure.evidence) < 3000


def test_a_tree_as_deep_as_it_likes_is_removed(oven: Oven) -> None:
    backend = (
        f"import os\n{BUILD_WHEEL}    os.chdir(folder)\n"
        "    for _ in range(3000):\n"
        "        os.mkdir('d')\n        os.chdir('d')\n"
        "    os.chmod('.', 0)\n"
    )
    outcome = oven.bake(oven.odd(backend))
    assert failure_of(outcome).kind in {FailureKind.OUTPUT_INVALID, FailureKind.DISK_FULL}
    remove_tree(oven.work / "output")
    assert not (oven.work / "output").exists()
