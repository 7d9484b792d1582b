import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from fake_upstream import FakeUpstream, Fault
from wheels import make_target, make_wheel
from wheelyard.builder.installing import Index, without_secrets
from wheelyard.builder.requirements import (
    LEGACY_BACKEND,
    BuildSystem,
    is_satisfied,
    make_environment,
    read_build_system,
)
from wheelyard.errors import LeaseLost
from wheelyard.model.build import Failure, FailureKind

DAY = date(2026, 1, 2)
LEGACY = BuildSystem(requires=("setuptools>=40.8.0",), backend=LEGACY_BACKEND, backend_path=())


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(params=["uv", "pip"])
def installer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test with uv, and as on a machine that has none."""
    if request.param == "pip":
        real = Path.exists

        def exists(path: Path) -> bool:
            return path.name != "uv" and real(path)

        monkeypatch.setattr(Path, "exists", exists)
    return str(request.param)


def add(upstream: FakeUpstream, folder: Path, name: str = "spam", **wheel: object) -> None:
    """Put a pure wheel on the index."""
    made = make_wheel(folder / "wheels", **{"name": name, "tags": ["py3-none-any"], **wheel})  # type: ignore[arg-type]
    requires_python = wheel.get("requires_python")
    upstream.add_file(
        name, made, requires_python=None if requires_python is None else str(requires_python)
    )


def needing(name: str, requirement: str) -> bytes:
    """Return the metadata of a project that needs another."""
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: {requirement}\n"
    return text.encode()


def made(upstream: FakeUpstream, folder: Path, *requires: str, url: str = "") -> Path | Failure:
    index = Index(url=url or upstream.url, folder=folder)
    return make_environment(requires, make_target(), index, day=DAY, check=lambda: None)


def made_well(upstream: FakeUpstream, folder: Path, *requires: str) -> Path:
    environment = made(upstream, folder, *requires)
    assert isinstance(environment, Path), environment
    return environment


def failed(upstream: FakeUpstream, folder: Path, *requires: str, url: str = "") -> Failure:
    failure = made(upstream, folder, *requires, url=url)
    assert isinstance(failure, Failure), failure
    assert list((folder / "environments").glob("*")) == []
    return failure


def project(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_project_that_says_nothing_is_built_the_old_way(tmp_path: Path) -> None:
    assert read_build_system(tmp_path) == LEGACY


def test_a_pyproject_without_a_build_system_is_built_the_old_way(tmp_path: Path) -> None:
    assert read_build_system(project(tmp_path, "[tool.spam]\n")) == LEGACY


def test_requirements_without_a_back_end_are_kept(tmp_path: Path) -> None:
    system = read_build_system(project(tmp_path, "[build-system]\nrequires = ['spam']\n"))
    assert system == BuildSystem(requires=("spam",), backend=LEGACY_BACKEND, backend_path=())


def test_everything_that_is_said_is_read(tmp_path: Path) -> None:
    text = (
        "[build-system]\nrequires = ['a>1']\nbuild-backend = 'b:c.d'\nbackend-path = ['.', 'e/f']\n"
    )
    assert read_build_system(project(tmp_path, text)) == BuildSystem(
        requires=("a>1",), backend="b:c.d", backend_path=(".", "e/f")
    )


@pytest.mark.parametrize(
    "text",
    [
        "[build-system",
        "build-system = 1",
        "[build-system]\nrequires = 'spam'",
        "[build-system]\nrequires = [1]",
        "[build-system]\nrequires = []\nbuild-backend = ['x']",
        "[build-system]\nrequires = []\nbackend-path = '.'",
        "[build-system]\nrequires = []\nbackend-path = ['../x']",
        "[build-system]\nrequires = []\nbackend-path = ['/x']",
        "[build-system]\nrequires = ['no requirement at all']",
        f"[build-system]\nrequires = ['{'x' * 2000}']",
        f"[build-system]\nrequires = {['x'] * 2000}",
        "a = " + "[" * 10_000,
        "#" * 2_000_000,
    ],
    ids=range(13),
)
def test_what_makes_no_sense_is_a_failure(tmp_path: Path, text: str) -> None:
    failure = read_build_system(project(tmp_path, text))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.METADATA_INVALID
    assert len(failure.message) <= 500


def test_a_folder_in_its_place_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    failure = read_build_system(tmp_path)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.METADATA_INVALID


def test_bytes_that_are_no_text_are_a_failure(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    failure = read_build_system(tmp_path)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.METADATA_INVALID


@pytest.mark.usefixtures("installer")
def test_an_environment_is_shaped_like_a_virtual_one(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    entry_points = b"[console_scripts]\neat = spam:eat\n"
    files = {"spam/__init__.py": b"", "spam-1.0.dist-info/entry_points.txt": entry_points}
    add(upstream, tmp_path, files=files)

    environment = made_well(upstream, tmp_path / "b", "spam")

    site = environment / "lib/python3.11/site-packages"
    assert (site / "spam/__init__.py").is_file()
    for name in ("python", "python3", "python3.11"):
        assert (environment / "bin" / name).readlink() == Path("/usr/bin/python3")
    assert "home = /usr/bin\n" in (environment / "pyvenv.cfg").read_text()
    script = (environment / "bin/eat").read_text()
    assert script.startswith("#!/build/environment/bin/python3\n")
    assert sys.executable not in script
    assert environment.stat().st_mode & 0o777 == 0o755


@pytest.mark.usefixtures("installer")
def test_code_of_a_pth_file_is_not_run_outside(upstream: FakeUpstream, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    line = f"import pathlib; pathlib.Path({str(trace)!r}).write_text('run')\n"
    add(upstream, tmp_path, files={"spam.pth": line.encode(), "sitecustomize.py": line.encode()})
    environment = made_well(upstream, tmp_path / "b", "spam")
    assert (environment / "lib/python3.11/site-packages/spam.pth").is_file()
    assert not trace.exists()


def test_the_second_time_needs_no_request(upstream: FakeUpstream, tmp_path: Path) -> None:
    add(upstream, tmp_path)
    first = made_well(upstream, tmp_path / "b", "spam")
    seen = len(upstream.requests)
    assert made_well(upstream, tmp_path / "b", "spam") == first
    assert len(upstream.requests) == seen


def test_no_requirements_need_no_index(upstream: FakeUpstream, tmp_path: Path) -> None:
    assert (made_well(upstream, tmp_path) / "bin/python3").is_symlink()
    assert upstream.requests == []


def test_what_no_build_has_used_for_a_week_is_removed(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    old = made_well(upstream, tmp_path)
    os.utime(old, (1, 1))
    add(upstream, tmp_path)
    made_well(upstream, tmp_path, "spam")
    assert not old.exists()


@pytest.mark.usefixtures("installer")
@pytest.mark.parametrize(
    ("requires", "subject"),
    [
        (("spam==2",), "spam==2"),
        (("nowhere>=1",), "nowhere>=1"),
        (("timeout-and-jsondecode",), "timeout-and-jsondecode"),
        (("spam", "only"), "only"),
        (("needs-nowhere",), "nowhere"),
        (("mac",), "mac"),
        (("newer",), "newer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_usable_wheel_is_named(
    upstream: FakeUpstream, tmp_path: Path, requires: tuple[str, ...], subject: str
) -> None:
    add(upstream, tmp_path)
    add(upstream, tmp_path, "needs_nowhere", metadata=needing("needs-nowhere", "nowhere>=2"))
    add(upstream, tmp_path, "mac", tags=["cp311-cp311-macosx_11_0_arm64"])
    add(upstream, tmp_path, "newer", requires_python=">=3.13")
    upstream.add_file("only", b"no archive", "only-1.0.tar.gz")

    failure = made(upstream, tmp_path / "b", *requires)

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.subject) == (FailureKind.NO_DEPENDENCY_WHEEL, subject)


@pytest.mark.usefixtures("installer")
@pytest.mark.parametrize(
    "requires",
    [
        ("needs-old-spam", "spam"),
        ("spam @ file:///etc/passwd",),
        ("eggs @ https://a.invalid/eggs.tar.gz",),
        ("eggs @ git+https://a.invalid/eggs",),
    ],
    ids=lambda value: value[0],
)
def test_what_no_wheel_could_mend_is_another_failure(
    upstream: FakeUpstream, tmp_path: Path, requires: tuple[str, ...]
) -> None:
    add(upstream, tmp_path)
    add(upstream, tmp_path, "needs_old_spam", metadata=needing("needs-old-spam", "spam<1"))

    failure = made(upstream, tmp_path / "b", *requires)

    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.MISSING_BUILD_DEPENDENCY
    assert failure.subject == ", ".join(requires)


@pytest.mark.parametrize("text", ["-r/etc/passwd", "./here", "/etc", "a b", "", "--index-url=x"])
def test_what_is_no_requirement_never_reaches_the_installer(
    upstream: FakeUpstream, tmp_path: Path, text: str
) -> None:
    failure = made(upstream, tmp_path, text)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.METADATA_INVALID
    assert upstream.requests == []


@pytest.mark.usefixtures("installer")
@pytest.mark.parametrize(
    "fault",
    [Fault(status=500), Fault(status=429), Fault(status=403), Fault(reset=True), Fault(body=b"<")],
    ids=["500", "429", "403", "reset", "garbage"],
)
def test_an_index_that_does_not_answer_is_not_the_projects_fault(
    upstream: FakeUpstream, tmp_path: Path, fault: Fault
) -> None:
    add(upstream, tmp_path)
    upstream.fail(upstream.page_path("spam"), fault)
    assert failed(upstream, tmp_path / "b", "spam").kind is FailureKind.INFRASTRUCTURE


@pytest.mark.usefixtures("installer")
def test_an_index_that_is_down_is_not_the_projects_fault(
    upstream: FakeUpstream, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = "http://reader:s%40cret@127.0.0.1:9/simple/"
    failure = failed(upstream, tmp_path, "spam", url=url)
    assert failure.kind is FailureKind.INFRASTRUCTURE
    told = repr(failure) + "".join(capfd.readouterr())
    assert "s%40cret" not in told
    assert "s@cret" not in told


@pytest.mark.usefixtures("installer")
def test_credentials_of_the_index_are_used_and_told_nobody(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    add(upstream, tmp_path)
    url = upstream.url.replace("//", "//reader:secret@")
    upstream.fail(upstream.page_path("spam"), Fault(status=401))
    assert "secret" not in repr(made(upstream, tmp_path / "b", "spam", url=url))
    upstream.heal(upstream.page_path("spam"))
    environment = made(upstream, tmp_path / "b", "spam", url=url)
    assert isinstance(environment, Path)
    for file in environment.rglob("*"):
        assert file.is_symlink() or file.is_dir() or b"secret" not in file.read_bytes()
    assert any("authorization" in request.headers for request in upstream.requests)


def test_a_lost_lease_ends_the_installer(upstream: FakeUpstream, tmp_path: Path) -> None:
    add(upstream, tmp_path)
    slow = Fault(bytes_per_pause=1, pause_seconds=1.0)
    upstream.fail(upstream.page_path("spam"), slow)

    def check() -> None:
        raise LeaseLost("the build")

    index = Index(url=upstream.url, folder=tmp_path / "b")
    with pytest.raises(LeaseLost):
        make_environment(["spam"], make_target(), index, day=DAY, check=check)
    assert list((tmp_path / "b/environments").iterdir()) == []


def test_two_makers_at_once_get_the_same(upstream: FakeUpstream, tmp_path: Path) -> None:
    add(upstream, tmp_path)
    both = threading.Barrier(2)
    found: list[Path | Failure] = []

    def make() -> None:
        both.wait()
        found.append(made(upstream, tmp_path / "b", "spam"))

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert list((tmp_path / "b/environments").iterdir()) == [found[0]]


@pytest.mark.parametrize(
    ("requires", "satisfied"),
    [
        ([], True),
        (["spam"], True),
        (["SPAM>=1"], True),
        (["spam>1"], False),
        (["eggs"], False),
        (["spam", "eggs"], False),
        (["spam[extra]"], False),
        (["spam; python_version > '3'"], False),
        (["no requirement"], False),
    ],
)
def test_what_is_installed_is_asked_for_no_more(
    upstream: FakeUpstream, tmp_path: Path, requires: list[str], *, satisfied: bool
) -> None:
    add(upstream, tmp_path)
    environment = made_well(upstream, tmp_path / "b", "spam")
    assert is_satisfied(requires, environment) is satisfied


def test_passwords_are_out_of_every_text() -> None:
    url = "https://reader:p%2Fw@index.example.org/simple/"
    text = without_secrets(f"tried {url} as p/w, p%2Fw", url)
    assert text == "tried https://***@index.example.org/simple/ as ***, ***"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.wheelyard]\nbuild = false\n", "[tool.wheelyard] build = false"),
        ("[tool.piwheels]\ndisable = true\n", "[tool.piwheels] disable = true"),
        (
            "[build-system]\nrequires = 7\n[tool.wheelyard]\nbuild = false\n",
            "[tool.wheelyard] build = false",
        ),
    ],
)
def test_an_author_who_opts_out_is_heeded(tmp_path: Path, text: str, said: str) -> None:
    assert read_build_system(project(tmp_path, text)) == Failure(
        kind=FailureKind.OPTED_OUT,
        message=f"Its author asks, by {said} in pyproject.toml, that it not be built here.",
        evidence=(said,),
    )


@pytest.mark.parametrize(
    "text",
    [
        "tool = 1\n",
        "[tool]\nwheelyard = false\n",
        "[tool.wheelyard]\nbuild = true\n",
        "[tool.wheelyard]\nbuild = 0\n",
        "[tool.piwheels]\ndisable = 'true'\n",
        "[tool.piwheels]\nbuild = false\n",
    ],
)
def test_what_is_no_plain_opt_out_is_none(tmp_path: Path, text: str) -> None:
    assert read_build_system(project(tmp_path, text)) == LEGACY


@pytest.fixture
def own() -> Iterator[FakeUpstream]:
    """The index of the server that the builder works for."""
    with FakeUpstream() as own:
        yield own


@pytest.mark.usefixtures("installer")
def test_what_upstream_has_no_wheel_of_is_taken_from_the_servers_own_index(
    upstream: FakeUpstream, own: FakeUpstream, tmp_path: Path
) -> None:
    add(upstream, tmp_path)
    add(own, tmp_path, "eggs", metadata=needing("eggs", "spam"))
    index = Index(url=upstream.url, folder=tmp_path / "b", own=own.url)
    made = make_environment(["eggs"], make_target(), index, day=DAY, check=lambda: None)
    assert isinstance(made, Path), made
    assert {found.name for found in made.glob("lib/python*/site-packages/*.dist-info")} == {
        "eggs-1.0.dist-info",
        "spam-1.0.dist-info",
    }


@pytest.mark.usefixtures("installer")
def test_the_servers_own_index_is_not_asked_for_what_upstream_has(
    upstream: FakeUpstream, own: FakeUpstream, tmp_path: Path
) -> None:
    add(upstream, tmp_path)
    add(own, tmp_path)
    index = Index(url=upstream.url, folder=tmp_path / "b", own=own.url)
    made = make_environment(["spam"], make_target(), index, day=DAY, check=lambda: None)
    assert isinstance(made, Path)
    assert own.requests == []


def test_build_requirements_as_of_a_day_are_older_ones(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    for version, year in (("1.0", 2020), ("2.0", 2022)):
        wheel = make_wheel(tmp_path / version, name="spam", version=version, tags=["py3-none-any"])
        upstream.add_file("spam", wheel, uploaded_at=datetime(year, 1, 1, tzinfo=UTC))
    before = datetime(2021, 1, 1, tzinfo=UTC)
    index = Index(url=upstream.url, folder=tmp_path / "b", before=before)
    made = make_environment(["spam"], make_target(), index, day=DAY, check=lambda: None)
    assert isinstance(made, Path), made
    assert [found.name for found in made.glob("lib/python*/site-packages/*.dist-info")] == [
        "spam-1.0.dist-info"
    ]


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64", "armv7l", "armv6l"])
def test_a_target_gets_wheels_of_its_own_kind_whatever_the_machine(
    upstream: FakeUpstream, tmp_path: Path, architecture: str
) -> None:
    target = replace(make_target(), architecture=architecture)
    for each in ("x86_64", "aarch64", "armv7l", "armv6l"):
        tag = f"{target.interpreter}-{target.interpreter}-linux_{each}"
        add(upstream, tmp_path, tags=[tag], files={"spam.py": each.encode()})
    index = Index(url=upstream.url, folder=tmp_path)

    environment = make_environment(["spam"], target, index, day=DAY, check=lambda: None)

    assert isinstance(environment, Path), environment
    [module] = environment.glob("lib/python*/site-packages/spam.py")
    assert module.read_text() == architecture
