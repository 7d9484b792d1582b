from pathlib import Path

import pytest
from pip._internal.models.index import PyPI

from wheelyard.errors import InvalidSetting
from wheelyard.upstream.index import default_index_url


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide what the machine that runs the tests is configured for."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "UV_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"])
def test_the_environment_names_the_index(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "https://example.org/simple")
    assert default_index_url() == "https://example.org/simple/"


def test_an_index_may_be_named_as_uv_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "mine=https://example.org/simple/?a=b")
    assert default_index_url() == "https://example.org/simple/?a=b/"


def test_pips_file_names_the_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = write(tmp_path / "pip.conf", "[global]\nindex-url = https://example.org/from-pip/\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    assert default_index_url() == "https://example.org/from-pip/"


def test_pips_section_for_install_counts_before_the_global_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "[global]\nindex-url = https://example.org/a/\n[install]\nindex_url = https://example.org/b/\n"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(write(tmp_path / "pip.conf", text)))
    assert default_index_url() == "https://example.org/b/"


def test_the_environment_counts_before_pips_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = write(tmp_path / "pip.conf", "[global]\nindex-url = https://example.org/from-pip/\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple/")
    assert default_index_url() == "https://example.org/simple/"


def test_a_broken_file_of_pip_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", str(write(tmp_path / "pip.conf", "no section\n")))
    with pytest.raises(InvalidSetting, match=r"pip\.conf"):
        default_index_url()


@pytest.mark.parametrize(
    "text",
    [
        (
            '[[index]]\nurl = "https://example.org/extra/"\n'
            '[[index]]\nurl = "https://example.org/from-uv/"\ndefault = true\n'
        ),
        'index-url = "https://example.org/from-uv/"\n',
    ],
)
@pytest.mark.parametrize("folder", ["home", "system"])
def test_uvs_file_names_the_index(tmp_path: Path, folder: str, text: str) -> None:
    write(tmp_path / folder / "uv" / "uv.toml", text)
    assert default_index_url() == "https://example.org/from-uv/"


def test_a_file_of_uv_that_the_environment_names_is_the_only_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "home" / "uv" / "uv.toml", 'index-url = "https://example.org/no/"\n')
    named = write(tmp_path / "named.toml", 'index-url = "https://example.org/named/"\n')
    monkeypatch.setenv("UV_CONFIG_FILE", str(named))
    assert default_index_url() == "https://example.org/named/"


def test_a_broken_file_of_uv_is_named(tmp_path: Path) -> None:
    write(tmp_path / "home" / "uv" / "uv.toml", "index-url = \n")
    with pytest.raises(InvalidSetting, match=r"uv\.toml"):
        default_index_url()


def test_an_index_that_is_not_the_default_does_not_count(tmp_path: Path) -> None:
    write(tmp_path / "home" / "uv" / "uv.toml", '[[index]]\nurl = "https://example.org/extra/"\n')
    assert default_index_url() == f"{PyPI.simple_url}/"
