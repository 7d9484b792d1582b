import re
from enum import StrEnum
from pathlib import Path

import pytest

from wheelyard.model.build import BuildState, JobState, Verdict
from wheelyard.model.wheel import WheelState

_PAGE = Path(__file__).parents[3] / "docs" / "build-states.md"
_SECTIONS = {"Job": JobState, "Build": BuildState, "Wheel": WheelState, "Decision": Verdict}


def section(title: str) -> str:
    found = re.search(
        rf"^## {title}\n(.*?)(?=^## |\Z)", _PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    assert found is not None
    return found[1]


def words(states: type[StrEnum]) -> set[str]:
    return {state.value for state in states}


@pytest.mark.parametrize("title", _SECTIONS)
def test_every_state_has_its_paragraph_and_no_other_is_described(title: str) -> None:
    described = re.findall(r"^### (\S+)\n\n[A-Z]", section(title), re.MULTILINE)
    assert sorted(described) == sorted(words(_SECTIONS[title]))


@pytest.mark.parametrize("title", _SECTIONS)
def test_the_diagram_shows_every_state_and_no_other(title: str) -> None:
    found = re.search(r"```mermaid\n\S+.*?\n(.*?)```", section(title), re.DOTALL)
    assert found is not None
    arrows = re.sub(r":.*", "", found[1]).replace("[*]", "")
    assert set(re.findall(r"[a-z-]*[a-z]", arrows)) == words(_SECTIONS[title])


def test_decisions_are_described_in_the_order_in_which_the_rules_are_tried() -> None:
    described = re.findall(r"^### (\S+)", section("Decision"), re.MULTILINE)
    diagram = re.search(r"flowchart TD\n(.*?)```", section("Decision"), re.DOTALL)
    assert diagram is not None
    shown = list(dict.fromkeys(re.findall(r"[a-z-]*[a-z]", diagram[1])))
    assert shown == described
