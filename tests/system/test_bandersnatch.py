"""bandersnatch, the mirror program that others run, copies our index and finds nothing to mend."""

import os
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from line import free_port
from serving import serving
from tls import make_certificate
from wheelyard.settings import Settings
from yard import Yard, make_yard

pytestmark = [pytest.mark.system, pytest.mark.soak]

_CONFIGURATION = """
[mirror]
directory = {folder}
master = {url}
api-method = simple
json = true
timeout = 10
workers = 2
verifiers = 2
hash-index = false
simple-format = ALL
compare-method = hash
stop-on-error = true
"""


@pytest.fixture(scope="module")
def bandersnatch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    subprocess.run(
        [folder / "bin/pip", "install", "--quiet", "bandersnatch"], check=True, capture_output=True
    )
    return folder / "bin/bandersnatch"


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    port = free_port()
    settings = Settings(data=tmp_path / "yard", port=port, public_url=f"https://127.0.0.1:{port}/")
    yard = make_yard(tmp_path / "yard", settings=settings)
    for name in ("Spam.Eggs", "ham"):
        yard.project(name, versions=("1.0", "2.0"))
        yard.publish(name, requires_python=">=3.9")
    yard.publish("ham", version="2.0")
    yard.publisher.tick()
    yield yard
    yard.engine.dispose()


def run(bandersnatch: Path, folder: Path, command: str) -> str:
    """Run bandersnatch on a folder that has its configuration and the server's certificate."""
    done = subprocess.run(
        [bandersnatch, "--config", folder / "bandersnatch.conf", command],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "SSL_CERT_FILE": str(folder / "certificate.pem")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return what would change if a wheel were fetched again."""
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in (folder / "web/packages").rglob("*.whl")
    }


def test_bandersnatch_copies_everything_and_finds_nothing_to_mend(
    bandersnatch: Path, yard: Yard, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    with serving(yard, certificate=make_certificate(folder), port=yard.settings.port) as url:
        (folder / "bandersnatch.conf").write_text(
            _CONFIGURATION.format(folder=folder, url=url.rstrip("/")), encoding="utf-8"
        )
        run(bandersnatch, folder, "mirror")
        ours = {key for key in yard.store.keys("packages") if key.endswith(".whl")}
        theirs = {
            str(path.relative_to(folder / "web")): path.read_bytes()
            for path in (folder / "web/packages").rglob("*.whl")
        }
        assert theirs == {key: yard.store.get(key) for key in ours}
        before = stamps(folder)
        told = run(bandersnatch, folder, "verify")
        assert not [line for line in told.splitlines() if "ERROR" in line]
        assert stamps(folder) == before
        run(bandersnatch, folder, "mirror")
        assert stamps(folder) == before
        damaged = folder / "web" / min(ours)
        damaged.write_bytes(b"damaged")
        run(bandersnatch, folder, "verify")
        assert stamps(folder) != before
        assert damaged.read_bytes() == yard.store.get(min(ours))
    assert {path.name for path in (folder / "web/simple").iterdir() if path.is_dir()} == {
        "ham",
        "spam-eggs",
    }
