"""One index for everything: upstream's pages with our wheels, followed, served, installed from."""

import hashlib
import json
import platform
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fake_upstream import FakeUpstream
from serving import serving
from wheels import make_wheel
from wheelyard.client import http_client
from wheelyard.database import projects, wheels
from wheelyard.database.engine import writing
from wheelyard.model.names import TargetName, parse_project_name
from wheelyard.model.wheel import Wheel, WheelState
from wheelyard.upstream.index import Upstream
from yard import Yard, make_yard

INTERPRETER = f"cp{sys.version_info.major}{sys.version_info.minor}"
TAG = f"{INTERPRETER}-{INTERPRETER}-linux_{platform.machine()}"
HERE = TargetName(f"bookworm-{INTERPRETER}-{platform.machine()}")
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
SPAM = parse_project_name("wheelyard-spam")
PATH = f"/overlay/simple/{SPAM}/"


@dataclass
class Place:
    """An upstream with a source distribution and a pure wheel, and a yard with our wheel."""

    upstream: FakeUpstream
    yard: Yard
    wheel: Wheel

    def follow(self) -> None:
        """Read the project's page as it is upstream now, and write ours."""
        with http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client:
            page = Upstream(client, self.upstream.url).project_page(SPAM)
        with writing(self.yard.engine) as connection:
            projects.save_page(connection, page, at=self.yard.clock.now())
        self.yard.publisher.tick()

    def files(self) -> dict[str, dict[str, Any]]:
        """Return the files on the overlay's page, by their names."""
        page = json.loads(self.yard.client.get(PATH, headers=JSON).content)
        return {file["filename"]: file for file in page["files"]}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with FakeUpstream() as upstream:
        upstream.add_file("wheelyard-spam", b"an sdist", "wheelyard_spam-1.0.tar.gz")
        pure = make_wheel(
            tmp_path, name="other", tags=("py3-none-any",), files={"other.py": b"name = 'other'\n"}
        )
        upstream.add_file("other", pure)
        yard = make_yard(tmp_path / "yard")
        yard.activate(HERE)
        yard.app.state.wheelyard = replace(yard.state, index_url=upstream.url)
        yard.project("wheelyard_spam")
        files = {"wheelyard_spam.py": b"version = '1.0'\n"}
        wheel = yard.publish("wheelyard_spam", target=HERE, tags=(TAG,), files=files)
        place = Place(upstream, yard, wheel)
        place.follow()
        yield place
        yard.engine.dispose()


def run(*words: str | Path, home: Path) -> str:
    """Run a program that knows nothing of this machine's settings."""
    settings = {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_CACHE_DIR": "1",
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(home / "uv"),
    }
    done = subprocess.run(words, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of a clean environment."""
    venv.create(tmp_path / "environment", with_pip=False, symlinks=True)
    return tmp_path / "environment/bin/python"


def installing(installer: str, python: Path) -> list[str | Path]:
    """Return the words with which an installer installs into an environment."""
    if installer == "pip":
        return [sys.executable, "-m", "pip", "--python", python, "install"]
    return [sys.executable, "-m", "uv", "pip", "install", "--python", python]


@pytest.mark.parametrize("installer", ["pip", "uv"])
@pytest.mark.parametrize("index", ["overlay/simple/", "bookworm/overlay/simple/"])
def test_one_index_has_our_wheel_and_everything_of_upstreams(
    place: Place, python: Path, tmp_path: Path, installer: str, index: str
) -> None:
    words = installing(installer, python)
    with serving(place.yard) as url:
        run(*words, "--index-url", url + index, "wheelyard-spam", "other", home=tmp_path)
    code = "import other, wheelyard_spam as s; print(s.version, other.name)"
    assert run(python, "-c", code, home=tmp_path) == "1.0 other\n"


def test_a_lock_with_hashes_holds_on_another_machine(
    place: Place, python: Path, tmp_path: Path
) -> None:
    wanted, lock = tmp_path / "requirements.in", tmp_path / "requirements.txt"
    wanted.write_text("wheelyard-spam\nother\n")
    with serving(place.yard) as url:
        index = ("--index-url", f"{url}overlay/simple/")
        compiling = (sys.executable, "-m", "uv", "pip", "compile", "--generate-hashes", "--quiet")
        run(*compiling, *index, wanted, "--output-file", lock, home=tmp_path)
        sdist = hashlib.sha256(b"an sdist").hexdigest()
        assert {place.wheel.file.sha256, sdist} <= set(lock.read_text().replace(":", " ").split())
        words = installing("pip", python)
        run(*words, "--require-hashes", *index, "--requirement", lock, home=tmp_path)
    assert run(python, "-c", "import wheelyard_spam", home=tmp_path) == ""


def test_what_upstream_changes_is_on_the_overlay_at_once(place: Place) -> None:
    ours = place.wheel.file.filename
    assert set(place.files()) == {"wheelyard_spam-1.0.tar.gz", ours}
    place.upstream.yank("wheelyard-spam", "wheelyard_spam-1.0.tar.gz", yanked="too old")
    place.upstream.add_file("wheelyard-spam", b"two", "wheelyard_spam-2.0.tar.gz")
    place.follow()
    files = place.files()
    assert set(files) == {"wheelyard_spam-1.0.tar.gz", "wheelyard_spam-2.0.tar.gz", ours}
    assert files["wheelyard_spam-1.0.tar.gz"]["yanked"] == "too old"
    assert files["wheelyard_spam-2.0.tar.gz"]["hashes"] == {
        "sha256": hashlib.sha256(b"two").hexdigest()
    }


def test_upstreams_late_file_of_our_name_takes_its_place(place: Place) -> None:
    name = place.wheel.file.filename
    place.upstream.add_file("wheelyard-spam", b"their wheel", name, metadata=b"Name: x\n")
    place.follow()
    assert place.files()[name]["hashes"] == {"sha256": hashlib.sha256(b"their wheel").hexdigest()}


def test_without_our_wheels_a_project_is_upstreams_alone(place: Place) -> None:
    with writing(place.yard.engine) as connection:
        wheels.set_wheel_state(connection, place.wheel, WheelState.WITHDRAWN)
    place.yard.decide("wheelyard_spam")
    place.yard.publisher.tick()
    answer = place.yard.client.get(PATH, headers=JSON)
    there = f"{place.upstream.url}{SPAM}/"
    assert (answer.status_code, answer.headers["Location"]) == (302, there)
    assert not [key for key in place.yard.store.keys("") if "overlay/" in key]


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/overlay/simple/", 302, ""),
        ("/bookworm/overlay/simple/", 302, ""),
        ("/overlay/simple/unknown/", 302, "unknown/"),
        ("/overlay/simple/Un_Known/", 301, "/overlay/simple/un-known/"),
        ("/overlay/simple/Wheelyard.Spam", 301, PATH),
        ("/overlay/simple//wheelyard_spam/", 301, PATH),
        ("/overlay/simple", 301, "/overlay/simple/"),
        ("/bookworm/overlay/simple", 301, "/bookworm/overlay/simple/"),
        ("/overlay/simple/..%2f..%2fyard.sqlite/", 404, None),
        ("/overlay/simple/-/", 404, None),
        ("/overlay/simple/a%0d%0aX-Evil:%201/", 404, None),
        ("/overlay/simple/%3Cscript%3E/", 404, None),
        ("/Bookworm/overlay/simple/spam/", 404, None),
        ("/overlay/overlay/simple/spam/", 404, None),
    ],
)
def test_where_other_paths_lead(place: Place, path: str, status: int, location: str | None) -> None:
    answer = place.yard.client.get(path, headers=JSON)
    assert answer.status_code == status
    if status == 302:
        assert answer.headers["Location"] == place.upstream.url + (location or "")
    elif location is not None:
        assert answer.headers["Location"] == location


def test_nobody_is_told_the_password_of_upstream(place: Place) -> None:
    secret = "https://user:secret@index.example.org:8443/root/simple/?token=1"
    place.yard.app.state.wheelyard = replace(place.yard.state, index_url=secret)
    answer = place.yard.client.get("/overlay/simple/unknown/")
    assert answer.headers["Location"] == "https://index.example.org:8443/root/simple/unknown/"
