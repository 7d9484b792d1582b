import subprocess
import sys

import pytest

from wheelyard.cli.app import modules_for

EVERY_MODULE = [
    *("up", "web", "services", "build", "builders", "projects", "releases", "queue", "targets"),
    *("upstream", "databases", "stats", "downloads", "diagnose", "environments"),
    *("recipes", "failures", "reproduce", "certify"),
    *("verify", "provenance", "webserver", "mirror", "clients", "check"),
]


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (["web"], ["web"]),
        (["builder", "--once"], ["build"]),
        (["builder", "token", "attic"], ["build", "builders"]),
        (["builder", "drain", "attic"], ["build", "builders"]),
        (["project", "show", "evdev"], ["projects"]),
        (["queue", "--json", "list"], ["queue"]),
        (["diagnose", "up"], ["diagnose"]),
        (["environment", "create", "bookworm-arm64"], ["environments"]),
        (["certify", "spam.whl"], ["certify"]),
        (["check", "uv.lock"], ["check"]),
        (["--help"], EVERY_MODULE),
        (["nonsense"], EVERY_MODULE),
    ],
)
def test_a_command_loads_what_it_needs(words: list[str], modules: list[str]) -> None:
    assert modules_for(words) == modules


@pytest.mark.parametrize("command", ["builder", "check"])
def test_what_runs_on_a_board_loads_nothing_of_the_servers(command: str) -> None:
    program = (
        f"import sys; sys.argv = ['wheelyard', '{command}', '--help']\n"
        "from wheelyard.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "servers = {'sqlalchemy', 'fastapi', 'obstore', 'jinja2', 'alembic'}\n"
        "print(sorted(servers & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["builder", "--help"],
        ["check", "--help"],
        *([group, "--help"] for group in ("project", "release", "queue", "target")),
        *([group, "--help"] for group in ("upstream", "database", "up")),
    ],
)
def test_every_command_explains_itself(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wheelyard", *words], check=True, capture_output=True, text=True
    )
    assert "Usage: " in done.stdout
    assert done.stderr == ""
