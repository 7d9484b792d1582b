import subprocess
import sys

import pytest

from wheelyard.cli.app import modules_for


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (["web"], ["serve"]),
        (["builder", "--once"], ["build"]),
        (["builder", "token", "attic"], ["build", "tokens"]),
        (["diagnose", "up"], ["diagnose"]),
        (["--help"], ["up", "serve", "build", "tokens", "show", "diagnose"]),
        (["nonsense"], ["up", "serve", "build", "tokens", "show", "diagnose"]),
    ],
)
def test_a_command_loads_what_it_needs(words: list[str], modules: list[str]) -> None:
    assert modules_for(words) == modules


def test_a_builder_loads_nothing_of_the_servers() -> None:
    program = (
        "import sys; sys.argv = ['wheelyard', 'builder', '--help']\n"
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
    "words", [["--help"], ["builder", "--help"], ["project", "--help"], ["up", "--help"]]
)
def test_every_command_explains_itself(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wheelyard", *words], check=True, capture_output=True, text=True
    )
    assert "Usage: " in done.stdout
    assert done.stderr == ""
