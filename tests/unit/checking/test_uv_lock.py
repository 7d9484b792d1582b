"""Graphs of packages: what is needed on a board is what its project leads to."""

from hypothesis import given
from hypothesis import strategies as st

from wheelyard.checking.environment import marker_environment
from wheelyard.checking.reading import read_needs
from wheelyard.model.target import target_from_name

BOARD = marker_environment(target_from_name("bookworm-cp311-armv7l"))
FOR_THE_BOARD = "sys_platform == 'linux'"
FOR_OTHERS = "sys_platform == 'win32'"
SIZE = 8
EDGES = st.dictionaries(
    st.integers(0, SIZE - 1),
    st.lists(st.tuples(st.integers(0, SIZE - 1), st.sampled_from([None, True, False])), max_size=4),
)


def lock_of(edges: dict[int, list[tuple[int, bool | None]]]) -> str:
    """Write a lock whose project is package 0; an edge holds always, on the board, or elsewhere."""
    text = 'version = 1\nrequires-python = ">=3.11"\n'
    for number in range(SIZE):
        text += f'[[package]]\nname = "p{number}"\nversion = "1"\n'
        text += 'source = { editable = "." }\n' if number == 0 else ""
        text += "dependencies = [\n"
        for to, holds in edges.get(number, ()):
            marker = FOR_THE_BOARD if holds else FOR_OTHERS
            told = "" if holds is None else f', marker = "{marker}"'
            text += f'  {{ name = "p{to}"{told} }},\n'
        text += "]\n"
    return text


def reachable(edges: dict[int, list[tuple[int, bool | None]]]) -> set[int]:
    found, before = {0}, set[int]()
    while found != before:
        before = set(found)
        found |= {to for one in before for to, holds in edges.get(one, ()) if holds is not False}
    return found - {0}


@given(EDGES)
def test_what_is_needed_is_what_the_project_leads_to(
    edges: dict[int, list[tuple[int, bool | None]]],
) -> None:
    needs = read_needs(lock_of(edges).encode(), filename="uv.lock", environment=BOARD)
    assert {int(need.shown[1:-3]) for need in needs.needs if need.applies} == reachable(edges)
    assert len(needs.needs) == SIZE - 1
