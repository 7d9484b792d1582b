"""Where upstream tells of a project."""

import pytest

from factories import project_name
from wheelyard.publish.upstream_links import upstream_page


@pytest.mark.parametrize(
    ("index", "page"),
    [
        ("https://index.example.org/simple/", "https://index.example.org/project/evdev/"),
        ("https://index.example.org/simple", "https://index.example.org/project/evdev/"),
        ("https://u:secret@h.example.org/simple/", "https://h.example.org/project/evdev/"),
        (
            "http://h.example.org:3141/root/+simple/",
            "http://h.example.org:3141/root/+simple/evdev/",
        ),
        ("https://h.example.org/a/simple/", "https://h.example.org/a/project/evdev/"),
        ("file:///srv/simple/", None),
        ("javascript:alert(1)//simple/", None),
    ],
)
def test_a_page_for_people_is_beside_the_simple_index(index: str, page: str | None) -> None:
    assert upstream_page(index, project_name("evdev")) == page
