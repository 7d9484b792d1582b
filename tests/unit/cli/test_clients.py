import sys

import pytest

from wheelyard.cli import main


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    """Run the command line in this process, and return its exit code."""
    monkeypatch.setenv("WHEELYARD_PUBLIC_URL", "https://wheels.example.org/")
    monkeypatch.setattr(sys, "argv", ["wheelyard", "client-config", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_lines_are_printed_with_the_servers_own_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "uv", "--channel", "bookworm") == 0
    assert capsys.readouterr().out == (
        "# pyproject.toml\n"
        "[[tool.uv.index]]\n"
        'name = "wheelyard"\n'
        'url = "https://wheels.example.org/bookworm/overlay/simple/"\n'
        "default = true\n"
        "# or: export UV_DEFAULT_INDEX=https://wheels.example.org/bookworm/overlay/simple/\n"
    )


def test_another_server_can_be_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "pip", "--server", "http://pi.example.org:8080") == 0
    assert "index-url = http://pi.example.org:8080/overlay/simple/\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pip", "--channel", "wheezy"], "Known distribution releases"),
        (["pip", "--server", "pi.example.org"], "begins with https"),
    ],
)
def test_nonsense_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    assert run(monkeypatch, *words) not in {0, None}
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
