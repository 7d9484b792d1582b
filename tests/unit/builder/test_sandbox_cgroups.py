import os
from pathlib import Path

import pytest

from wheelyard.builder.sandbox.cgroup import (
    Hierarchies,
    Hierarchy,
    find_hierarchies,
    new_group,
    remove_stale_groups,
)
from wheelyard.builder.sandbox.sandbox import LimitHit
from wheelyard.model.build import Limits

LIMITS = Limits(memory_bytes=1000, processes=10)
NAMESPACE = Path("/proc/self/ns/pid").stat().st_ino


class Machine:
    """A make-believe machine: its control groups and what the kernel tells of them."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "cgroup"
        self.proc = folder / "proc"
        self.proc.mkdir()
        self._mounts = ""
        self._groups = ""

    def mount(self, name: str, kind: str, options: str, *, root: str = "/") -> Path:
        point = self.top / name
        point.mkdir(parents=True)
        self._mounts += f"30 20 0:1 {root} {point} rw,relatime - {kind} {kind} rw,{options}\n"
        return point

    def join(self, line: str) -> None:
        self._groups += f"{line}\n"

    def hierarchies(self) -> Hierarchies:
        (self.proc / "mountinfo").write_text(self._mounts)
        (self.proc / "cgroup").write_text(self._groups)
        return find_hierarchies(self.proc)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def hand_on(folder: Path, controllers: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.subtree_control").write_text(controllers)
    return folder


def test_version_1_groups_are_made_below_our_own(machine: Machine) -> None:
    memory = machine.mount("memory", "cgroup", "memory")
    pids = machine.mount("pids", "cgroup", "pids")
    (memory / "session").mkdir()
    machine.join("4:memory:/session")
    machine.join("8:pids:/")

    assert machine.hierarchies() == {
        LimitHit.MEMORY: Hierarchy(folder=memory / "session", version=1, top=memory),
        LimitHit.PROCESSES: Hierarchy(folder=pids, version=1, top=pids),
    }


def test_version_1_controllers_may_be_mounted_together(machine: Machine) -> None:
    both = machine.mount("both", "cgroup", "memory,pids")
    machine.join("4:memory,pids:/")

    assert machine.hierarchies().keys() == {LimitHit.MEMORY, LimitHit.PROCESSES}
    assert {found.folder for found in machine.hierarchies().values()} == {both}


def test_version_2_groups_are_made_where_the_controllers_are_handed_on(machine: Machine) -> None:
    top = hand_on(machine.mount("", "cgroup2", "nsdelegate"), "cpu memory pids")
    parent = hand_on(top / "system.slice", "memory pids")
    hand_on(parent / "wheelyard.service", "")
    machine.join("0::/system.slice/wheelyard.service")

    here = Hierarchy(folder=parent, version=2, top=top)
    assert machine.hierarchies() == {LimitHit.MEMORY: here, LimitHit.PROCESSES: here}


def test_a_controller_that_is_not_handed_on_is_left_out(machine: Machine) -> None:
    top = hand_on(machine.mount("", "cgroup2", "nsdelegate"), "cpu pids")
    machine.join("0::/")

    assert machine.hierarchies() == {LimitHit.PROCESSES: Hierarchy(folder=top, version=2, top=top)}


def test_a_hybrid_machine_takes_each_controller_from_where_it_is(machine: Machine) -> None:
    memory = machine.mount("memory", "cgroup", "memory")
    unified = hand_on(machine.mount("unified", "cgroup2", "nsdelegate"), "pids")
    machine.join("4:memory:/")
    machine.join("0::/")

    assert machine.hierarchies() == {
        LimitHit.MEMORY: Hierarchy(folder=memory, version=1, top=memory),
        LimitHit.PROCESSES: Hierarchy(folder=unified, version=2, top=unified),
    }


def test_a_container_that_sees_a_part_of_the_tree_finds_its_place_in_it(machine: Machine) -> None:
    memory = machine.mount("memory", "cgroup", "memory", root="/docker/abc")
    (memory / "inner").mkdir()
    machine.join("4:memory:/docker/abc/inner")

    assert machine.hierarchies()[LimitHit.MEMORY].folder == memory / "inner"


def test_a_machine_without_control_groups_has_none(machine: Machine) -> None:
    machine.join("0::/")

    assert machine.hierarchies() == {}


def version_2(top: Path) -> Hierarchies:
    here = Hierarchy(folder=top, version=2, top=top)
    return {LimitHit.MEMORY: here, LimitHit.PROCESSES: here}


def fill(folder: Path, **files: str) -> None:
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)


def test_version_2_limits_are_set_in_one_folder(tmp_path: Path) -> None:
    group = new_group(version_2(tmp_path))
    folder = tmp_path / group.name
    fill(folder, memory_max="", memory_swap_max="", pids_max="")

    group.make(LIMITS)

    assert group.folders == {LimitHit.MEMORY: folder, LimitHit.PROCESSES: folder}
    assert (folder / "memory.max").read_text() == "1000"
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "pids.max").read_text() == "12"


def test_what_cannot_be_limited_is_left_to_the_watcher(tmp_path: Path) -> None:
    group = new_group(version_2(tmp_path))
    fill(tmp_path / group.name, pids_max="")

    group.make(LIMITS)

    assert group.folders.keys() == {LimitHit.PROCESSES}


@pytest.mark.parametrize(
    ("file", "text", "hit"),
    [
        ("memory.events", "low 0\noom 1\noom_kill 1\n", LimitHit.MEMORY),
        ("memory.events", "low 0\noom 1\noom_kill 0\n", None),
        ("pids.events", "max 3\n", LimitHit.PROCESSES),
        ("pids.events", "max 0\n", None),
    ],
)
def test_version_2_tells_which_limit_was_hit(
    tmp_path: Path, file: str, text: str, hit: LimitHit | None
) -> None:
    group = new_group(version_2(tmp_path))
    fill(tmp_path / group.name, memory_max="", pids_max="")
    group.make(LIMITS)

    (tmp_path / group.name / file).write_text(text)

    assert group.hit() is hit


def test_version_2_tells_the_most_memory_where_the_kernel_is_new_enough(tmp_path: Path) -> None:
    group = new_group(version_2(tmp_path))
    fill(tmp_path / group.name, memory_max="", pids_max="")
    group.make(LIMITS)
    assert group.peak_memory() is None

    (tmp_path / group.name / "memory.peak").write_text("12345\n")

    assert group.peak_memory() == 12345


def test_groups_of_dead_builders_are_stale_and_others_are_not(tmp_path: Path) -> None:
    started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    kept = [
        f"wheelyard-{NAMESPACE}-{os.getpid()}-{started}-aa",
        f"wheelyard-{NAMESPACE + 1}-{os.getpid()}-1-bb",
        "wheelyard-of-somebody-else",
        "wheelyard-data",
    ]
    stale = [
        f"wheelyard-{NAMESPACE}-{os.getpid()}-1-cc",
        f"wheelyard-{NAMESPACE}-4194305-{started}-dd",
    ]
    for name in [*kept, *stale]:
        (tmp_path / "slice" / name).mkdir(parents=True)

    assert remove_stale_groups(version_2(tmp_path)) == 2
    assert sorted(path.name for path in (tmp_path / "slice").iterdir()) == sorted(kept)


def test_two_groups_of_one_agent_have_different_names() -> None:
    assert new_group({}).name != new_group({}).name
