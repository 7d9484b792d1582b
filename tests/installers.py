"""Real installers, each in an environment of its own, as a person would have them.

They are installed from the package index of this machine. `TEST_INSTALLERS` may name a
folder that keeps them for the next run.
"""

import os
import subprocess
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

VERSIONS = {
    "pip-22.3": ("pip==22.3",),
    "pip-23.0.1": ("pip==23.0.1",),
    "pip-25.1": ("pip==25.1",),
    "pip": ("pip",),
    "uv": ("uv",),
    "poetry": ("poetry",),
    # With a newer hishel, PDM 2.29 ends at once.
    "pdm": ("pdm", "hishel<2"),
    "pipenv": ("pipenv",),
}
"""What the installers are called here, and what to ask the index for."""


def installer(name: str, folder: Path) -> Path:
    """Return the program of an installer."""
    return environment(name, VERSIONS[name], folder) / "bin" / name.partition("-")[0]


def environment(name: str, wanted: Sequence[str], folder: Path) -> Path:
    """Return an environment that has what is wanted: one that is kept, or a new one in `folder`."""
    kept = os.environ.get("TEST_INSTALLERS")
    home = Path(kept or folder).absolute() / name
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, symlinks=True, clear=True)
        words = ["install", "--quiet", "--disable-pip-version-check", "--upgrade", *wanted]
        subprocess.run(
            [home / "bin/python", "-m", "pip", *words], check=True, capture_output=True, text=True
        )
        (home / "complete").touch()
    return home


@dataclass(frozen=True)
class Machine:
    """Somebody's machine: a home with its own caches, and trust in one certificate."""

    home: Path
    certificate: Path

    def run(self, *words: str | Path, cwd: Path | None = None) -> str:
        """Run a program that knows nothing of this machine's settings, and return what it said."""
        done = self._run(words, cwd or self.home)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def fails(self, *words: str | Path, cwd: Path | None = None) -> str:
        """Run a program that is to fail, and return what it said."""
        done = self._run(words, cwd or self.home)
        assert done.returncode != 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def _run(self, words: Sequence[str | Path], cwd: Path) -> "subprocess.CompletedProcess[str]":
        self.home.mkdir(parents=True, exist_ok=True)
        trusted = str(self.certificate)
        settings = {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "SSL_CERT_FILE": trusted,
            "REQUESTS_CA_BUNDLE": trusted,
            "PIP_CERT": trusted,
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            # Without a configuration of the system, and with that of the project.
            "XDG_CONFIG_DIRS": str(self.home),
            "UV_CACHE_DIR": str(self.home / "uv-cache"),
            "UV_PYTHON_DOWNLOADS": "never",
            "POETRY_VIRTUALENVS_IN_PROJECT": "true",
            "PDM_CHECK_UPDATE": "false",
            "PIPENV_VENV_IN_PROJECT": "1",
            "PIPENV_NOSPIN": "1",
        }
        return subprocess.run(
            [str(word) for word in words],
            cwd=cwd,
            env=settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
