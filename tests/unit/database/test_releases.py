import pytest
from packaging.version import Version

from wheelyard.database.releases import version_key


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0.0"), ("1", "1.0"), ("1.0rc1", "1.0.0-RC.1"), ("v1!2.0", "1!2")]
)
def test_equal_versions_have_one_key(one: str, other: str) -> None:
    assert version_key(Version(one)) == version_key(Version(other))


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0.1"), ("1.0", "10"), ("1.0", "1.0+local"), ("1!1.0", "1.0")]
)
def test_different_versions_have_different_keys(one: str, other: str) -> None:
    assert version_key(Version(one)) != version_key(Version(other))
