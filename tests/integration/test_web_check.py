"""Files that people hand over to be checked: over the interface for programs, and on the page."""

import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from wheelyard.database import tables
from wheelyard.database.engine import writing
from wheelyard.model.build import Verdict
from wheelyard.publish.client_lines import TOOLS
from wheelyard.settings import Settings
from wheelyard.web import checking
from wheelyard.web.public_models import CheckReply
from yard import BOOKWORM, TRIXIE, Yard, make_yard

DATA = Path(__file__).parents[1] / "data/checking"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A server that has built spam 1.0, failed with eggs 1.0 and has bacon 1.0 in its queue."""
    yard = make_yard(tmp_path)
    for name in ("spam", "eggs", "bacon"):
        yard.project(name)
    yard.publish("spam")
    yard.decide("spam", verdict=Verdict.BUILT, reason="A wheel was built here.")
    yard.decide("eggs", verdict=Verdict.FAILED, reason="libegg.h is missing.")
    yard.job("bacon")
    yard.decide("bacon", reason="Nobody has a wheel.")
    yield yard
    yard.engine.dispose()


def api(yard: Yard, body: str | bytes, **asked: str) -> Any:  # noqa: ANN401 - any JSON
    answer = yard.client.post("/api/v1/check", params=asked, content=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def outcomes(document: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    return {one["requirement"]: one["outcome"] for one in document["requirements"]}


def form(
    yard: Yard,
    text: str = "",
    *,
    file: tuple[str, bytes] = ("", b""),
    target: str = "",
    fields: dict[str, str] | None = None,
) -> Any:  # noqa: ANN401 - an answer
    data = {"text": text, "target": target} | (fields or {})
    return yard.client.post("/check", data=data, files={"file": file})


def test_the_document_of_the_interface_knows_it(yard: Yard) -> None:
    paths = yard.client.get("/api/openapi.json").json()["paths"]
    assert set(paths["/api/v1/check"]["post"]["responses"]) >= {"200", "404", "413", "422", "503"}
    told = api(yard, "spam\neggs>=1\nbacon\n")
    assert CheckReply.model_validate(told).model_dump(mode="json") == told


def test_each_requirement_is_told_what_becomes_of_it(yard: Yard) -> None:
    document = api(
        yard, "spam\neggs>=1\nbacon\nham\n./here\nspam; sys_platform == 'win32'\nspam==9\n"
    )
    assert outcomes(document) == {
        "spam==9": "no-release",
        "eggs>=1": "failed",
        "ham": "can-be-requested",
        "bacon": "being-built",
        "./here": "not-from-an-index",
        "spam": "not-needed",
    }
    assert document["target"] == BOOKWORM
    assert document["is_fine"] is False
    assert document["counts"]["wheel"] == 1
    failed = next(one for one in document["requirements"] if one["outcome"] == "failed")
    assert (failed["sentence"], failed["place"], failed["version"]) == (
        *("libegg.h is missing.", "line 2"),
        "1.0",
    )
    building = next(one for one in document["requirements"] if one["outcome"] == "being-built")
    assert (building["jobs_before"], building["is_running"]) == (0, False)
    assert "No job is before it" in building["sentence"]


def test_the_packages_that_wheels_need_are_one_line_for_apt(tmp_path: Path) -> None:
    yard = make_yard(tmp_path)
    yard.project()
    wheel = yard.publish()
    with writing(yard.engine) as connection:
        connection.execute(
            tables.wheel_dependencies.insert(),
            [{"wheel_id": 1, "package": name} for name in ("libopenblas0", "libegg1", "$(evil)")],
        )
    document = api(yard, "spam==1.0")
    assert document["is_fine"] is True
    assert document["requirements"][0]["filename"] == wheel.file.filename
    assert document["apt_line"] == "sudo apt install libegg1 libopenblas0"
    page = form(yard, "spam").text
    assert "sudo apt install libegg1 libopenblas0" in page
    assert "Everything installs from wheels" in page
    yard.engine.dispose()


def test_a_lock_is_checked_whole(yard: Yard) -> None:
    document = api(yard, (DATA / "uv.lock").read_bytes(), filename="uv.lock")
    assert document["form"] == "uv.lock"
    assert document["counts"] == {"can-be-requested": 11, "not-needed": 2}
    assert document["notes"] == []


def test_what_is_not_a_lock_says_that_it_does_not_tell_everything(yard: Yard) -> None:
    (note,) = api(yard, "spam")["notes"]
    assert "lock file" in note


def test_other_files_are_never_opened(yard: Yard, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("eggs==1.0")
    document = api(yard, f"-r {tmp_path}/secret.txt\n-c https://x/y.txt\nspam", filename="../../x")
    assert outcomes(document) == {"spam": "wheel"}
    assert len(document["notes"]) == 3
    assert "secret.txt is not looked at" in document["notes"][0]


@pytest.mark.parametrize(
    ("body", "asked", "status", "told"),
    [
        ("spam\n!", {}, 422, "line 2: '!' is not a requirement"),
        ("x = [", {"filename": "uv.lock"}, 422, "This is not TOML"),
        (b"\xff\xfe\xff", {}, 422, "This is not utf-16 text"),
        ("spam", {"target": TRIXIE}, 404, f"Those of this server are {BOOKWORM}"),
        ("spam", {"target": HOSTILE}, 404, "Those of this server"),
        ("x" * (1024**2 + 1), {}, 413, "at most 1048576 bytes"),
        ("x" * (3 * 1024**2), {}, 413, "bytes"),
        ("a\n" * 6000, {}, 422, "at most 5000 requirements"),
    ],
)
def test_what_cannot_be_checked_is_refused_as_a_problem(
    yard: Yard, body: str | bytes, asked: dict[str, str], status: int, told: str
) -> None:
    answer = yard.client.post("/api/v1/check", params=asked, content=body)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"error", "message"}
    assert told in answer.json()["message"]


def test_where_there_are_several_targets_one_is_named(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    answer = yard.client.post("/api/v1/check", content="spam")
    assert answer.status_code == 422
    assert f"Name one of {BOOKWORM}, {TRIXIE}" in answer.json()["message"]
    assert outcomes(api(yard, "spam", target=TRIXIE)) == {"spam": "can-be-requested"}
    assert outcomes(api(yard, "spam", target=BOOKWORM)) == {"spam": "wheel"}


def test_a_server_that_follows_everything_knows_what_there_is_not(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data": tmp_path, "policy": {"follow": "everything"}})
    yard = make_yard(tmp_path, settings=settings)
    yard.project()
    assert outcomes(api(yard, "spam\nham")) == {
        "spam": "can-be-requested",
        "ham": "unknown-project",
    }
    yard.engine.dispose()


def test_few_files_are_checked_at_once(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_slots", threading.BoundedSemaphore(1))
    with checking.slot() as is_free:
        assert is_free
        answer = yard.client.post("/api/v1/check", content="spam")
        page = form(yard, "spam")
    for busy in (answer, page):
        assert busy.status_code == 503
        assert busy.headers["Retry-After"].isdigit()
    assert yard.client.post("/api/v1/check", content="spam").status_code == 200
    assert yard.client.post("/api/v1/check", content="!").status_code == 422
    assert yard.client.post("/api/v1/check", content="spam").status_code == 200


def test_without_the_database_nothing_is_checked(yard: Yard) -> None:
    with yard.without_database():
        for path in ("/api/v1/check", "/check"):
            answer = yard.client.post(path, content="spam")
            assert answer.status_code == 503
            assert str(yard.folder) not in answer.text


def test_the_page_has_a_form_that_works_without_scripts(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    answer = yard.client.get("/check")
    assert answer.status_code == 200
    assert 'enctype="multipart/form-data"' in answer.text
    assert f'<option value="{TRIXIE}">' in answer.text
    assert "<script>" not in answer.text
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert yard.client.get("/check/").headers["Location"] == "/check"
    head = yard.client.head("/check")
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(answer.content)))


@pytest.mark.parametrize("is_file", [True, False])
def test_a_file_is_chosen_or_its_text_pasted(yard: Yard, *, is_file: bool) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    data = (DATA / "pylock.toml").read_bytes()
    answer = (
        form(yard, file=("pylock.toml", data), target=TRIXIE)
        if is_file
        else form(yard, data.decode(), target=TRIXIE)
    )
    assert answer.status_code == 200
    assert f"pylock.toml for {TRIXIE}" in answer.text
    assert f'<option value="{TRIXIE}" selected>' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_tells_all_that_was_found(yard: Yard) -> None:
    page = form(yard, "spam\neggs\nbacon\nham").text
    for told in ("libegg.h is missing.", "No job is before it", "was built here", "line 3"):
        assert told in page
    assert 'href="project/eggs/"' in page
    assert 'href="project/ham/"' not in page
    yard.publisher.tick()
    assert yard.client.get("/project/eggs/").status_code == 200


@pytest.mark.parametrize(
    ("text", "fields", "told"),
    [
        ("", {}, "Choose a file"),
        ("spam\n!", {}, "line 2: &#39;!&#39; is not a requirement"),
        ("spam", {"target": "x"}, "Those of this server"),
    ],
)
def test_what_cannot_be_checked_is_said_on_the_page(
    yard: Yard, text: str, fields: dict[str, str], told: str
) -> None:
    answer = form(yard, text, fields=fields)
    assert answer.status_code == 422
    assert told in answer.text
    assert "<form" in answer.text


def test_what_was_pasted_is_there_to_be_mended(yard: Yard) -> None:
    page = form(yard, "\n  !\n</textarea><script>").text
    assert ">\n\n  !\n&lt;/textarea&gt;&lt;script&gt;</textarea>" in page
    assert "hidden" not in form(yard, file=("x.txt", b"!" * 2001 + b"hidden")).text


def test_a_file_that_is_too_large_is_refused(yard: Yard) -> None:
    answer = form(yard, file=("x.txt", b"x" * (1024**2 + 1)))
    assert (answer.status_code, "at most 1048576 bytes" in answer.text) == (422, True)
    assert form(yard, "x" * (1024**2 + 1)).status_code == 400
    assert form(yard, file=("x.txt", b"x" * (3 * 1024**2))).status_code == 413


def test_a_broken_form_is_refused(yard: Yard) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "text/plain"):
        answer = yard.client.post("/check", content=b"--y\r\n", headers={"Content-Type": kind})
        assert answer.status_code in {400, 422}
    many = {f"field{number}": "x" for number in range(50)}
    assert form(yard, "spam", fields=many).status_code == 400


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Our own script is the same on every page; what is in a page runs nothing (its policy).
        if (tag, attrs) != ("script", [("src", "static/live.js"), ("defer", None)]):
            self.found.add(tag)
        self.found.update(f"@{name}" for name, _ in attrs)


@pytest.mark.parametrize(
    "text",
    [
        f"{HOSTILE}",
        f"./{HOSTILE}",
        f"-r {HOSTILE}\nspam",
        f"spam @ https://x/{HOSTILE}",
        f'"><img src=x onerror=alert(1)>/{HOSTILE}',
        f"[project]\nname = '{HOSTILE}'\n[dependency-groups]\n\"{HOSTILE}\" = ['spam']",
        f"lock-version = '1.0'\ncreated-by = 'x'\n[[packages]]\nname = '{HOSTILE}'",
        f"version = 1\n[[package]]\nname = 'spam'\nversion = '{HOSTILE}'",
    ],
)
def test_nothing_of_a_file_becomes_markup(yard: Yard, text: str) -> None:
    answer = form(yard, text, target=BOOKWORM)
    assert answer.status_code in {200, 422}
    assert HOSTILE not in answer.text
    parser = _Tags()
    parser.feed(answer.text)
    assert not parser.found & {"script", "img@onerror", "@onerror", "@onload", "@style"}


def test_reasons_and_targets_become_no_markup_either(yard: Yard) -> None:
    yard.decide("eggs", verdict=Verdict.FAILED, reason=f"{HOSTILE}.")
    assert HOSTILE not in form(yard, "eggs").text
    assert HOSTILE not in form(yard, "eggs", target=HOSTILE).text


def test_the_page_of_installers_prints_what_the_command_prints(yard: Yard) -> None:
    answer = yard.client.get("/clients")
    assert answer.status_code == 200
    for told in (
        "index-url = http://yard.example.org/overlay/simple/",
        "export UV_DEFAULT_INDEX=http://yard.example.org/overlay/simple/",
        "poetry source add --priority=primary",
        "[[tool.pdm.source]]",
        "Pipfile",
    ):
        assert told in answer.text
    assert all(f'<h2 id="{tool}">' in answer.text for tool in TOOLS)
    assert "/bookworm/" not in answer.text
    again = yard.client.get("/clients", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert yard.client.get("/clients/").headers["Location"] == "/clients"


def test_with_several_channels_each_has_its_lines(tmp_path: Path) -> None:
    yard = make_yard(tmp_path)
    yard.activate(BOOKWORM, TRIXIE)
    page = yard.client.get("/clients").text
    assert page.count("http://yard.example.org/overlay/simple/") == 4
    for channel in ("bookworm", "trixie"):
        assert f"index-url = http://yard.example.org/{channel}/overlay/simple/" in page
        assert f"pdm config pypi.url http://yard.example.org/{channel}/overlay/simple/" in page
    yard.engine.dispose()
