"""`/pypi/NAME/json` over HTTP."""

import json
from collections.abc import Iterator

import pytest

from wheelyard.model.wheel import Wheel
from yard import INDEX_URL, SERVER_URL, Yard, make_yard


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A server with two releases of one project."""
    yard = make_yard(tmp_path_factory.mktemp("yard"))
    yard.project("Spam.Eggs", versions=("1.0", "2.0"))
    yield yard
    yard.engine.dispose()


@pytest.fixture(scope="module")
def wheels(yard: Yard) -> list[Wheel]:
    found = [yard.publish("Spam.Eggs", version=version) for version in ("1.0", "2.0")]
    yard.publisher.tick()
    return found


@pytest.mark.parametrize("prefix", ["", "bookworm/", "overlay/", "bookworm/overlay/"])
def test_a_project_is_told_as_scripts_know_it(yard: Yard, wheels: list[Wheel], prefix: str) -> None:
    answer = yard.client.get(f"/{prefix}pypi/spam-eggs/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "max-age=300"
    told = answer.json()
    assert (told["info"]["name"], told["info"]["version"]) == ("Spam.Eggs", "2.0")
    assert str(told["last_serial"]) == answer.headers["X-PyPI-Last-Serial"]
    urls = {file["filename"]: file["url"] for file in told["urls"]}
    assert urls[wheels[1].file.filename] == f"{SERVER_URL}{wheels[1].path}"
    assert set(told["releases"]) == {"1.0", "2.0"}
    upstreams = "https://files.example.org/Spam.Eggs-2.0.tar.gz"
    assert (upstreams in urls.values()) == ("overlay" in prefix)
    etag = answer.headers["ETag"]
    again = yard.client.get(f"/{prefix}pypi/spam-eggs/json", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["X-PyPI-Last-Serial"] == str(told["last_serial"])


@pytest.mark.usefixtures("wheels")
def test_one_release_is_told_alone(yard: Yard) -> None:
    told = yard.client.get("/pypi/spam-eggs/1.0/json").json()
    assert told["info"]["version"] == "1.0"
    assert [file["filename"].split("-")[1] for file in told["urls"]] == ["1.0"]


@pytest.mark.usefixtures("wheels")
@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/pypi/Spam.Eggs/json", 301, "/pypi/spam-eggs/json"),
        ("/bookworm/pypi/spam_eggs/1.0/json", 301, "/bookworm/pypi/spam-eggs/1.0/json"),
        ("/pypi/spam-eggs/v1.0/json", 301, "/pypi/spam-eggs/1.0/json"),
        ("/pypi/spam-eggs/3.0/json", 404, None),
        ("/pypi/spam-eggs/spam/json", 404, None),
        ("/pypi/unknown/json", 404, None),
        ("/pypi/-/json", 404, None),
        ("/pypi/..%2f..%2fyard.sqlite/json", 404, None),
        ("/pypi/%3Cscript%3E/json", 404, None),
        ("/Bookworm/pypi/spam-eggs/json", 404, None),
        ("/buster/pypi/spam-eggs/json", 404, None),
        ("/pypi/spam-eggs/", 404, None),
        ("/overlay/pypi/unknown/json", 302, f"{INDEX_URL[:-7]}pypi/unknown/json"),
        ("/bookworm/overlay/pypi/un_known/json", 301, "/bookworm/overlay/pypi/un-known/json"),
    ],
)
def test_where_other_paths_lead(yard: Yard, path: str, status: int, location: str | None) -> None:
    answer = yard.client.get(path)
    assert (answer.status_code, answer.headers.get("Location")) == (status, location)


def test_a_page_that_was_emptied_describes_nothing(yard: Yard, wheels: list[Wheel]) -> None:
    key = "simple/spam-eggs/index.json"
    kept = yard.store.get(key)
    yard.store.put(key, json.dumps(json.loads(kept) | {"files": []}).encode())
    assert yard.client.get("/pypi/spam-eggs/json").status_code == 404
    yard.store.put(key, kept)
    answer = yard.client.get("/pypi/spam-eggs/json")
    assert wheels[1].file.filename in answer.text
