"""Projects are found by what people type, on both databases."""

from dataclasses import replace

import pytest

from factories import NOW, project_name, project_page, upstream_file
from stocked import stock
from wheelyard.database.demand import rank
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.projects import remove_project, save_page
from wheelyard.database.search import FoundProject, search
from wheelyard.model.project import ProjectStatus

DEMANDS = {
    "requests": 90_000,
    "requests-oauthlib": 9_000,
    "numpy": 80_000,
    "beautifulsoup4": 50_000,
    "pyyaml": 70_000,
    "opencv-python": 40_000,
    "opencv-python-headless": 30_000,
    "scikit-learn": 60_000,
    "nump": 0,
    "reqests-toy": 0,
    "soupsieve": 20_000,
    "zope-interface": 0,
}


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for name in DEMANDS:
            stock(connection, project=name)
        ranked = {project_name(name): demand for name, demand in DEMANDS.items() if demand}
        rank(connection, ranked, at=NOW)
    return engine


def found(engine: Engine, text: str, *, limit: int = 20) -> list[str]:
    with reading(engine) as connection:
        return [one.name for one in search(connection, text, limit=limit)]


MEANT = {
    "requests": "requests",
    "Requests": "requests",
    "zope.interface": "zope-interface",
    "  zope_interface ": "zope-interface",
    "req": "requests",
    "reqests": "requests",
    "rqeuests": "requests",
    "requestss": "requests",
    "requestd": "requests",
    "beautifulsuop": "beautifulsoup4",
    "beutifulsop4": "beautifulsoup4",
    "yaml": "pyyaml",
    "python-opencv": "opencv-python",
    "headless": "opencv-python-headless",
    "nump": "nump",
    "numpi": "numpy",
    "scikitlearn": "scikit-learn",
}
NO_NAMES = ("", "   ", "%", "*", "_", "[]", "日本", "'", '"', "\0", "x" * 9000)


def test_what_was_meant_and_is_asked_for_most_comes_first(engine: Engine) -> None:
    assert {text: found(engine, text)[0] for text in MEANT} == MEANT
    assert found(engine, "opencv") == ["opencv-python", "opencv-python-headless"]
    assert found(engine, "opencv", limit=1) == ["opencv-python"]
    assert found(engine, "soup") == ["soupsieve", "beautifulsoup4"]
    assert [found(engine, text) for text in NO_NAMES] == [[]] * len(NO_NAMES)


def test_withdrawn_projects_are_not_found_others_with_their_summary(engine: Engine) -> None:
    page = project_page(upstream_file("eggs-1.0.tar.gz"), name="eggs", summary="Eggs & <b>more</b>")
    with writing(engine) as connection:
        remove_project(connection, project_name("numpy"), at=NOW)
        save_page(connection, page, at=NOW)
        bad = project_page(upstream_file("reqests-toy-1.0.tar.gz"), name="reqests-toy")
        save_page(connection, replace(bad, status=ProjectStatus.QUARANTINED), at=NOW)
    assert found(engine, "numpy") == ["nump"]
    assert found(engine, "reqests-toy") == ["requests"]
    with reading(engine) as connection:
        assert search(connection, "eggs", limit=5) == [
            FoundProject(
                name=project_name("eggs"),
                display_name=page.display_name,
                summary="Eggs & <b>more</b>",
                has_wheels=False,
            )
        ]
