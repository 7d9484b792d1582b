"""Every installer that people use, over TLS, from our own process and from nginx, watched.

What each of them asked for is read from the log of requests that downloads are counted from.
"""

import json
import platform
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from fake_upstream import FakeUpstream
from front_servers import behind_nginx, program
from installers import VERSIONS, Machine, installer
from line import free_port
from serving import serving
from tls import make_certificate
from wheels import make_wheel
from wheelyard.client import http_client
from wheelyard.database import projects
from wheelyard.database.engine import writing
from wheelyard.model.names import TargetName, parse_project_name
from wheelyard.model.wheel import Wheel
from wheelyard.publish.client_lines import client_lines
from wheelyard.settings import Settings
from wheelyard.upstream.index import Upstream
from yard import TRIXIE, Yard, make_yard

pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(900)]

INTERPRETER = f"cp{sys.version_info.major}{sys.version_info.minor}"
TAG = f"{INTERPRETER}-{INTERPRETER}-linux_{platform.machine()}"
HERE = TargetName(f"bookworm-{INTERPRETER}-{platform.machine()}")
INDEX = "bookworm/overlay/simple/"
PAGE = f"/{INDEX}wheelyard-spam/"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PIPS = [name for name in VERSIONS if name.startswith("pip") and name != "pipenv"]
NOW = datetime.now(UTC).replace(microsecond=0)
UPLOADED = {"1.0": NOW - timedelta(days=10), "2.0": NOW - timedelta(days=5)}
BETWEEN = (NOW - timedelta(days=7)).isoformat().replace("+00:00", "Z")
"""A moment after everything of 1.0 was uploaded, and before that of 2.0."""


@dataclass
class Shop:
    """An index over TLS with our wheels, of which one moment's requests can be read."""

    url: str
    log: Path
    certificate: Path
    wheels: dict[str, Wheel]
    read: int = 0

    def requests(self) -> list[tuple[str, int]]:
        """Return paths and statuses of what was fetched since this was asked last.

        Logs are written some time later, in order: a request of our own comes after all others.
        """
        last = ("/project/wheelyard-spam/", 200)
        trusted = ssl.create_default_context(cafile=self.certificate)
        httpx2.get(f"{self.url}project/wheelyard-spam/", verify=trusted).raise_for_status()
        deadline = time.monotonic() + 60
        while (found := self._logged())[self.read :][-1:] != [last]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        new, self.read = found[self.read : -1], len(found)
        return new

    def _logged(self) -> list[tuple[str, int]]:
        # The first line makes the folder that our own process writes its log into.
        files = [self.log] if self.log.is_file() else sorted(self.log.glob("*.jsonl"))
        whole = "".join(file.read_text("utf-8") for file in files)
        told = [json.loads(line) for line in whole[: whole.rfind("\n") + 1].splitlines()]
        return [(item.get("path") or item["uri"], int(item["status"])) for item in told]

    def machine(self, home: Path) -> Machine:
        return Machine(home, self.certificate)


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A server whose upstream has sources alone of one project, and a pure wheel of another."""
    folder = tmp_path_factory.mktemp("yard")
    port = free_port()
    settings = Settings(data=folder, port=port, public_url=f"https://127.0.0.1:{port}/")
    yard = make_yard(folder, settings=settings)
    with FakeUpstream() as upstream:
        for version, at in UPLOADED.items():
            name = f"wheelyard_spam-{version}.tar.gz"
            upstream.add_file("wheelyard-spam", b"no source", name, uploaded_at=at)
        pure = make_wheel(folder, name="ham", tags=("py3-none-any",), files={"ham.py": b""})
        upstream.add_file("ham", pure)
        yard.activate(HERE, TRIXIE)
        spam = parse_project_name("wheelyard-spam")
        with http_client(contact="ops@example.org", timeout=timedelta(seconds=30)) as client:
            page = Upstream(client, upstream.url).project_page(spam)
        with writing(yard.engine) as connection:
            projects.save_page(connection, page, at=yard.clock.now())
        yard.app.state.wheelyard = replace(yard.state, index_url=upstream.url)
        yield yard
    yard.engine.dispose()


@pytest.fixture(scope="module")
def wheels(yard: Yard) -> dict[str, Wheel]:
    found = {}
    for version, at in UPLOADED.items():
        yard.clock.advance(at - yard.clock.now())
        code = f"version = '{version}'\n".encode()
        found[version] = yard.publish(
            "wheelyard_spam",
            version=version,
            target=HERE,
            tags=(TAG,),
            requires_python=">=3.9",
            files={"wheelyard_spam.py": code},
        )
    yard.publisher.tick()
    return found


def by_name(url: str) -> str:
    """Return an address with the name of this machine: some pips cannot check a number's."""
    return url.replace("//127.0.0.1:", "//localhost:")


@pytest.fixture(scope="module", params=["own", "nginx"])
def shop(
    request: pytest.FixtureRequest,
    yard: Yard,
    wheels: dict[str, Wheel],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp(request.param)
    certificate = make_certificate(folder)
    if request.param == "own":
        with serving(yard, certificate=certificate) as url:
            yield Shop(by_name(url), yard.folder / "requests", certificate.file, wheels)
        return
    nginx = program("nginx", folder / "package")
    with behind_nginx(yard, nginx, folder / "run", certificate=certificate) as served:
        yield Shop(by_name(served.url), served.log, certificate.file, wheels)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tools")


def wheels_in(asked: list[tuple[str, int]]) -> list[str]:
    """Return the names of the wheels that were fetched, in whole or in part."""
    return [path.rpartition("/")[2] for path, _ in asked if path.endswith(".whl")]


def metadata_in(asked: list[tuple[str, int]]) -> list[str]:
    return [path.rpartition("/")[2] for path, _ in asked if path.endswith(".whl.metadata")]


def test_old_and_new_pips_take_the_wheel_for_the_machine(
    shop: Shop, tools: Path, tmp_path: Path
) -> None:
    for name in PIPS:
        pip = installer(name, tools)
        machine = shop.machine(tmp_path / name)
        words = ("--index-url", shop.url + INDEX, "wheelyard-spam", "--target", machine.home / "a")
        shop.requests()
        machine.run(pip, "install", *words)
        asked = shop.requests()
        assert (machine.home / "a/wheelyard_spam.py").read_text() == "version = '2.0'\n", name
        assert wheels_in(asked) == [shop.wheels["2.0"].file.filename], name
        # The page is not sent again; the newest pip does not even ask while it may be kept.
        machine.run(pip, "install", *words, "--upgrade")
        again = {status for path, status in shop.requests() if path == PAGE}
        assert again == {304} or (name == "pip" and not again), name


def test_uv_is_not_sent_a_page_that_it_has(shop: Shop, tools: Path, tmp_path: Path) -> None:
    machine = shop.machine(tmp_path)
    words = (installer("uv", tools), "pip", "install", "--index-url", shop.url + INDEX)
    shop.requests()
    machine.run(*words, "wheelyard-spam", "--target", tmp_path / "a")
    assert wheels_in(shop.requests()) == [shop.wheels["2.0"].file.filename]
    machine.run(*words, "wheelyard-spam", "--target", tmp_path / "b", "--refresh")
    assert (PAGE, 304) in shop.requests()


@pytest.mark.parametrize("version", ["pip-25.1", "pip"])
def test_pip_resolves_by_metadata(shop: Shop, tools: Path, tmp_path: Path, version: str) -> None:
    pip = installer(version, tools)
    shop.requests()
    told = shop.machine(tmp_path).run(
        *(pip, "install", "--dry-run", "--ignore-installed", "--target", tmp_path / "a"),
        *("--index-url", shop.url + INDEX, "wheelyard-spam==1.0"),
    )
    assert "Would install wheelyard_spam-1.0" in told.replace("wheelyard-spam-", "wheelyard_spam-")
    asked = shop.requests()
    assert metadata_in(asked) == [f"{shop.wheels['1.0'].file.filename}.metadata"]
    if version == "pip":
        assert wheels_in(asked) == []


def test_pips_check_hashes(shop: Shop, tools: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    sha256 = shop.wheels["2.0"].file.sha256
    good.write_text(f"wheelyard-spam==2.0 --hash=sha256:{sha256}\n")
    bad.write_text(f"wheelyard-spam==2.0 --hash=sha256:{'0' * 64}\n")
    for name in PIPS:
        machine = shop.machine(tmp_path / name)
        words = (installer(name, tools), "install", "--index-url", shop.url + INDEX)
        target = ("--target", machine.home / "a")
        machine.run(*words, "--require-hashes", *target, "--requirement", good)
        told = machine.fails(*words, "--require-hashes", *target, "--requirement", bad, "--upgrade")
        assert "DO NOT MATCH" in told, name


def test_wheels_that_are_too_new_are_passed_over(shop: Shop, tools: Path, tmp_path: Path) -> None:
    machine = shop.machine(tmp_path)
    index = ("--index-url", shop.url + INDEX)
    machine.run(
        *(installer("pip", tools), "install", *index, "wheelyard-spam"),
        *("--uploaded-prior-to", BETWEEN, "--target", tmp_path / "pip"),
    )
    machine.run(
        *(installer("uv", tools), "pip", "install", *index, "wheelyard-spam"),
        *("--exclude-newer", BETWEEN, "--target", tmp_path / "uv"),
    )
    for name in ("pip", "uv"):
        assert (tmp_path / name / "wheelyard_spam.py").read_text() == "version = '1.0'\n", name


def test_pip_and_uv_find_the_channel_by_themselves(shop: Shop, tools: Path, tmp_path: Path) -> None:
    if "VERSION_CODENAME=bookworm" not in Path("/etc/os-release").read_text("utf-8"):
        pytest.skip("this machine is on another distribution release than the test's channel")
    machine = shop.machine(tmp_path)
    for name, words in (("pip", ("install",)), ("uv", ("pip", "install"))):
        shop.requests()
        machine.run(
            *(installer(name, tools), *words, "--index-url", f"{shop.url}overlay/simple/"),
            *("wheelyard-spam", "--target", tmp_path / name),
        )
        asked = [path for path, _ in shop.requests()]
        assert f"/{INDEX}wheelyard-spam/" in asked
        assert (tmp_path / name / "wheelyard_spam.py").exists(), name


PROJECT = """[project]
name = "basket"
version = "1.0"
requires-python = ">={python}"
dependencies = ["wheelyard-spam", "ham"]

"""
MODERN = {
    "uv": (("lock",), ("sync", "--frozen", "--no-install-project"), "uv.lock"),
    "poetry": (("lock",), ("install", "--no-root"), "poetry.lock"),
    "pdm": (("lock",), ("sync", "--no-self"), "pdm.lock"),
    "pipenv": (("lock",), ("sync",), "Pipfile.lock"),
}


def write_project(folder: Path, tool: str, url: str) -> Path:
    """Write what a person would have, configured as `client-config` says; return the file."""
    folder.mkdir(parents=True)
    lines = client_lines(tool, url).lines
    if tool == "pipenv":
        file = folder / "Pipfile"
        wanted = '[packages]\nwheelyard-spam = "*"\nham = "*"\n'
        wanted += f'\n[requires]\npython_version = "{PYTHON}"\n'
        file.write_text(f"{lines}\n{wanted}")
    else:
        file = folder / "pyproject.toml"
        end = "\n[tool.uv]\npackage = false\n" if tool == "uv" else ""
        file.write_text(PROJECT.format(python=PYTHON) + lines + end)
    return file


@pytest.mark.parametrize("tool", MODERN)
def test_locks_are_made_by_metadata_and_hold_on_another_machine(
    shop: Shop, tools: Path, tmp_path: Path, tool: str
) -> None:
    program = installer(tool, tools)
    lock, sync, name = MODERN[tool]
    first = shop.machine(tmp_path / "first")
    project = write_project(tmp_path / "one", tool, shop.url + INDEX)
    shop.requests()
    first.run(program, *lock, cwd=project.parent)
    asked = shop.requests()
    written = (project.parent / name).read_text("utf-8")
    wheel = shop.wheels["2.0"].file
    assert wheel.sha256 in written
    assert "upstream" not in written
    if tool != "pipenv":
        assert f"{wheel.filename}.metadata" in metadata_in(asked)
        assert wheels_in(asked) == []
    second = shop.machine(tmp_path / "second")
    copied = tmp_path / "two"
    copied.mkdir()
    for file in (project, project.parent / name):
        (copied / file.name).write_bytes(file.read_bytes())
    second.run(program, *sync, cwd=copied)
    assert wheel.filename in wheels_in(shop.requests())
    (installed,) = copied.glob(".venv/lib/python*/site-packages/wheelyard_spam.py")
    assert installed.read_text() == "version = '2.0'\n"
    assert (copied / name).read_text("utf-8") == written


@pytest.mark.parametrize("tool", ["uv", "poetry", "pdm"])
def test_locks_pass_over_what_is_too_new(
    shop: Shop, tools: Path, tmp_path: Path, tool: str
) -> None:
    program = installer(tool, tools)
    machine = shop.machine(tmp_path / "home")
    project = write_project(tmp_path / "one", tool, shop.url + INDEX)
    if tool == "poetry":
        machine.run(program, "config", "solver.min-release-age", "7")
        machine.run(program, "lock", cwd=project.parent)
    else:
        machine.run(program, "lock", "--exclude-newer", BETWEEN, cwd=project.parent)
    written = (project.parent / MODERN[tool][2]).read_text("utf-8")
    assert shop.wheels["1.0"].file.sha256 in written
    assert shop.wheels["2.0"].file.sha256 not in written
