import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.diagnosis.installer_words import project_in


@pytest.mark.parametrize(
    ("line", "project"),
    [
        ("Collecting Py_Cairo==1.2", "py-cairo"),
        ("Collecting spam[egg]>=2", "spam"),
        ("  Building wheel for spam.egg (pyproject.toml): started", "spam-egg"),
        ("  ERROR: Failed building wheel for spam", "spam"),
        ("Collecting https://x.example/a.zip", None),
        ("Collecting $(reboot)", None),
        ("I am collecting stamps", None),
        ("", None),
    ],
)
def test_pips_own_lines_name_the_project(line: str, project: str | None) -> None:
    assert project_in(f"x\n{line}\n") == project


@given(st.text(max_size=100))
def test_no_name_breaks_it(name: str) -> None:
    project_in(f"Collecting {name}\nERROR: Failed building wheel for {name}\n")
