"""`wheelyard check` against a server on a socket, with an upstream behind it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response
from starlette.routing import Route

from commands import Answer, Commands, quiet_logs
from fake_upstream import FakeUpstream
from fake_upstream_server import Fault
from serving import serving
from wheelyard.cli import check
from wheelyard.client import http_client
from wheelyard.database import projects, tables
from wheelyard.database.engine import writing
from wheelyard.model.build import Verdict
from wheelyard.model.names import parse_project_name
from wheelyard.upstream.index import Upstream
from yard import BOOKWORM, TRIXIE, Yard, make_yard


@dataclass
class Place:
    """A server that follows some of an upstream's projects, and a folder with files to check."""

    upstream: FakeUpstream
    yard: Yard
    url: str
    folder: Path
    commands: Commands

    def check(self, text: str, *words: str, name: str = "requirements.txt") -> Answer:
        (self.folder / name).write_text(text, encoding="utf-8")
        target = () if "--target" in words else ("--target", BOOKWORM)
        file = str(self.folder / name)
        return self.commands("check", file, "--index", self.url, *target, *words)

    def found(self, text: str, *words: str, name: str = "requirements.txt") -> dict[str, Any]:
        """Return what is told of each requirement."""
        document = self.check(text, "--json", *words, name=name).document
        return {one["requirement"]: one for one in document["requirements"]}


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    with FakeUpstream() as upstream, quiet_logs(monkeypatch):
        for name in ("spam", "eggs", "bacon", "ham", "sausage"):
            upstream.add_file(name, b"an sdist", f"{name}-1.0.tar.gz")
        upstream.add_file("ham", b"a wheel", "ham-1.0-py3-none-any.whl", metadata=b"Name: ham\n")
        yard = make_yard(tmp_path / "yard")
        yard.app.state.wheelyard = replace(yard.state, index_url=upstream.url)
        _follow(upstream, yard, "spam", "eggs", "bacon", "ham")
        yard.publish("spam")
        with writing(yard.engine) as connection:
            needed = {"wheel_id": 1, "package": "libspam1"}
            connection.execute(tables.wheel_dependencies.insert(), [needed])
        yard.decide("spam", verdict=Verdict.BUILT, reason="A wheel was built here.")
        yard.decide("eggs", verdict=Verdict.FAILED, reason="libegg.h is missing.")
        yard.decide("ham", verdict=Verdict.COVERED_UPSTREAM, reason="Upstream has it.")
        yard.job("bacon")
        yard.decide("bacon", reason="Nobody has a wheel.")
        yard.publisher.tick()
        with serving(yard) as url:
            yield Place(upstream, yard, url, tmp_path, Commands(yard, monkeypatch, capsys))
        yard.engine.dispose()


def _follow(upstream: FakeUpstream, yard: Yard, *names: str) -> None:
    with http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client:
        pages = [
            Upstream(client, upstream.url).project_page(parse_project_name(name)) for name in names
        ]
    for page in pages:
        with writing(yard.engine) as connection:
            projects.save_page(connection, page, at=yard.clock.now())


EVERYTHING = """\
spam
eggs>=0.5
bacon
ham
sausage
unheard-of
spam>9
./here
spam; sys_platform == "win32"
"""


def test_each_requirement_is_told_what_becomes_of_it(place: Place) -> None:
    found = place.found(EVERYTHING)
    assert {name: one["outcome"] for name, one in found.items()} == {
        "unheard-of": "unknown-project",
        "spam>9": "no-release",
        "eggs>=0.5": "failed",
        "sausage": "can-be-requested",
        "bacon": "being-built",
        "./here": "not-from-an-index",
        "ham": "covered-upstream",
        "spam": "not-needed",
    }
    assert found["eggs>=0.5"]["sentence"] == "libegg.h is missing."
    assert (found["bacon"]["jobs_before"], found["bacon"]["is_running"]) == (0, False)


def test_the_command_and_the_server_say_the_same(place: Place) -> None:
    text = EVERYTHING.replace("sausage\n", "").replace("unheard-of\n", "")
    told = place.check(text, "--json").document
    answer = httpx2.post(f"{place.url}api/v1/check", content=text)
    assert told == answer.json()


def test_people_get_a_table_and_the_command_for_apt(place: Place) -> None:
    answer = place.check("spam==1.0\neggs\n")
    assert answer.exit_code == 1
    assert "libegg.h is missing." in answer.output
    assert "sudo apt install libspam1" in answer.output
    assert "1 failed; 1 wheel" in answer.output


def test_the_exit_status_is_0_where_everything_has_a_wheel(place: Place) -> None:
    answer = place.check("spam\nham\neggs; python_version < '3'\n")
    assert answer.exit_code == 0, answer.errors
    assert "1 wheel; 1 covered upstream; 1 not needed here" in answer.output
    assert place.check("").exit_code == 0


def test_the_address_of_an_index_leads_to_its_server_too(place: Place) -> None:
    (place.folder / "r.txt").write_text("spam")
    for index in ("", "overlay/simple/", "bookworm/overlay/simple", "simple/", "bookworm/simple/"):
        words = ("--index", place.url + index, "--target", BOOKWORM)
        assert place.commands("check", str(place.folder / "r.txt"), *words).exit_code == 0


def test_another_board_has_other_wheels(place: Place) -> None:
    found = place.found("spam\nham", "--target", TRIXIE)
    assert {name: one["outcome"] for name, one in found.items()} == {
        "spam": "can-be-requested",
        "ham": "covered-upstream",
    }


def test_a_board_that_no_wheels_are_made_for_is_told_so(place: Place) -> None:
    assert (
        f"This server makes no wheels for {TRIXIE}."
        in place.check("ham", "--target", TRIXIE).output
    )
    assert "makes no wheels" not in place.check("ham").output


def test_without_a_target_it_is_this_machine_whatever_it_may_build(place: Place) -> None:
    (place.folder / "r.txt").write_text("ham")
    answer = place.commands("check", str(place.folder / "r.txt"), "--index", place.url, "--json")
    assert answer.document["requirements"][0]["outcome"] == "covered-upstream"
    assert answer.exit_code == 0


def test_a_build_that_runs_is_told_of(place: Place) -> None:
    place.yard.build("bacon")
    place.yard.decide("bacon", reason="Nobody has a wheel.")
    place.yard.publisher.tick()
    told = place.found("bacon")["bacon"]
    assert (told["is_running"], told["outcome"]) == (True, "being-built")
    assert told["sentence"] == "Nobody has a wheel. It is being built now."


def test_included_files_and_limits_are_read_from_beside_the_file(place: Place) -> None:
    (place.folder / "more").mkdir()
    (place.folder / "more/base.txt").write_text("-c limits.txt\nham\n")
    (place.folder / "more/limits.txt").write_text("ham<1\n")
    found = place.found("-r more/base.txt\nspam")
    assert found["ham"]["outcome"] == "no-release"
    assert found["ham"]["place"] == "more/base.txt, line 2"


def test_of_a_file_only_names_leave_this_machine(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "spam==1.0\nsecret-lib @ https://user:password@git.example.org/secret-lib.zip\nbacon\n"
    sent: list[str] = []

    def watched(*, contact: str, timeout: timedelta) -> httpx2.Client:
        client = http_client(contact=contact, timeout=timeout)
        client.event_hooks = {
            "request": [lambda request: sent.append(f"{request.url} {request.read().decode()}")]
        }
        return client

    monkeypatch.setattr(check, "http_client", watched)
    place.check(text)
    told = " ".join(sent)
    assert "/overlay/simple/spam/" in told
    assert "bacon==1.0" in told
    assert "secret" not in told
    assert "password" not in told


@pytest.mark.parametrize(
    ("text", "name", "code", "told"),
    [
        ("spam\n!", "requirements.txt", 2, "line 2: '!' is not a requirement"),
        ("-r gone.txt", "requirements.txt", 2, "gone.txt: No such file"),
        ("x = [", "uv.lock", 2, "This is not TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_of_errors(
    place: Place, text: str, name: str, code: int, told: str
) -> None:
    answer = place.check(text, name=name)
    assert answer.exit_code == code
    assert told in answer.errors
    assert answer.errors.count("\n") == 1


def test_a_file_that_is_not_there_is_said_so(place: Place) -> None:
    answer = place.commands("check", "gone.txt", "--index", place.url, "--target", BOOKWORM)
    assert (answer.exit_code, "gone.txt" in answer.errors) == (4, True)


def test_a_server_that_does_not_answer_is_an_error(place: Place) -> None:
    answer = place.check("spam", "--index", "http://127.0.0.1:9/")
    assert answer.exit_code == 3
    place.upstream.fail(place.upstream.page_path("sausage"), Fault(status=500))
    answer = place.check("spam\nsausage")
    assert answer.exit_code == 3
    assert "status 500" in answer.errors


def test_a_server_that_tells_nonsense_is_an_error(place: Place) -> None:
    place.yard.store.put("project/spam/index.json", b'{"decisions": [1]}')
    answer = place.check("spam")
    assert answer.exit_code == 2
    assert "what the server tells of spam" in answer.errors


def test_a_server_without_the_end_point_tells_no_places(place: Place) -> None:
    nothing = Route("/api/v1/check", lambda _: Response(status_code=404), methods=["POST"])
    place.yard.app.router.routes.insert(0, nothing)
    told = place.found("bacon")["bacon"]
    assert (told["outcome"], told["jobs_before"]) == ("being-built", None)
