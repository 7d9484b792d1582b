from packaging.version import Version

from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.project import ProjectPage, UpstreamFile, newest_final, releases


def file(filename: str, *, yanked: bool = False) -> UpstreamFile:
    return UpstreamFile(
        filename=Filename(filename),
        url=f"https://index.example.org/{filename}",
        hashes={},
        yanked=yanked,
    )


def test_files_are_grouped_by_the_release_that_they_belong_to() -> None:
    files = (
        file("foo-1.0.tar.gz"),
        file("foo-1.0-py3-none-any.whl"),
        file("foo-1.1.tar.gz"),
        file("foo-1.1.exe"),
    )
    page = ProjectPage(name=parse_project_name("foo"), files=files)
    assert {version: release.files for version, release in releases(page).items()} == {
        Version("1.0"): files[:2],
        Version("1.1"): files[2:3],
    }


def test_a_release_is_yanked_when_all_its_files_are() -> None:
    files = (file("foo-1.0.tar.gz", yanked=True), file("foo-1.0-py3-none-any.whl"))
    page = ProjectPage(name=parse_project_name("foo"), files=files)
    assert not releases(page)[Version("1.0")].is_yanked
    page = ProjectPage(name=parse_project_name("foo"), files=files[:1])
    assert releases(page)[Version("1.0")].is_yanked


def test_the_newest_final_version_is_no_pre_release() -> None:
    versions = [Version(text) for text in ("1.9", "1.10", "2.0rc1", "1.2")]
    assert newest_final(versions) == Version("1.10")
    assert newest_final([Version("1.0a1")]) is None
