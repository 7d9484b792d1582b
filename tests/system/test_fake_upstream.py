"""The fake index is an index: the real installers install from it."""

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fake_upstream import FakeUpstream
from wheels import make_wheel
from wheelyard.process import run

pytestmark = pytest.mark.system

MINUTE = timedelta(minutes=1)
BIN = Path(sys.executable).parent


@pytest.fixture(params=[True, False], ids=["json", "html"])
def fake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeUpstream]:
    with FakeUpstream(serves_json=request.param) as fake:
        for version, requires_python in (("1.0", None), ("2.0", None), ("3.0", ">=99")):
            wheel = make_wheel(
                tmp_path,
                name="spam",
                version=version,
                tags=("py3-none-any",),
                requires_python=requires_python,
            )
            fake.add_file("Spam", wheel, requires_python=requires_python)
        fake.yank("spam", "spam-2.0-py3-none-any.whl", yanked="broken")
        yield fake


def environment(tmp_path: Path) -> dict[str, str]:
    """Nothing of what the machine configures for its installers."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(tmp_path / "cache"),
    }


def test_pip_installs_from_it(fake: FakeUpstream, tmp_path: Path) -> None:
    target = tmp_path / "target"
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-cache-dir",
        "--disable-pip-version-check",
    ]
    done = run(
        [*pip, "--index-url", fake.url, "--target", target, "spam"],
        environment=environment(tmp_path),
        timeout=MINUTE,
    )
    assert done.exit_status == 0, done.stderr
    assert (target / "spam-1.0.dist-info").is_dir()


def test_uv_installs_from_it(fake: FakeUpstream, tmp_path: Path) -> None:
    target = tmp_path / "target"
    uv: list[str | Path] = [
        BIN / "uv",
        "pip",
        "install",
        "--python",
        sys.executable,
        "--link-mode",
        "copy",
    ]
    done = run(
        [*uv, "--default-index", fake.url, "--target", target, "spam"],
        environment=environment(tmp_path),
        timeout=MINUTE,
    )
    assert done.exit_status == 0, done.stderr
    assert (target / "spam-1.0.dist-info").is_dir()
    wheel = fake.file_path("spam-1.0-py3-none-any.whl")
    assert fake.seen(f"{wheel}.metadata"), "uv resolves by the metadata file alone"
