from pathlib import Path

import pytest

from roots import fill_root
from wheelyard.certify.libraries import package_of, read_libraries

TRIPLE = "arm-linux-gnueabihf"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with two libraries, of which one states what its users depend on."""
    root = fill_root(tmp_path / "root")
    information = root / "var/lib/dpkg/info"
    (information / "libxml2:armhf.list").write_text(
        f"/.\n/usr/lib/{TRIPLE}/libxml2.so.2\n/usr/lib/{TRIPLE}/libxml2.so.2.9.14\n"
        f"/usr/lib/{TRIPLE}/libxml2/plugin.so.1\n/usr/share/doc/libxml2/x.so.1\n"
    )
    (information / "libxml2:armhf.shlibs").write_text(
        "# made by hand\n\nlibxml2 2 libxml2 (>= 2.9.0), libfoo\nudeb: libxml2 2 libxml2-udeb\n"
    )
    (information / "libdb5.3:armhf.list").write_text(f"/lib/{TRIPLE}/libdb-5.3.so\n")
    (information / "libdb5.3:armhf.shlibs").write_text("libdb 5.3 libdb5.3\nlibghost 1 ghost\nx\n")
    (information / "libplain1.list").write_text("/usr/lib/libplain.so.1\n")
    return root


def test_packages_and_their_versions_are_read(root: Path) -> None:
    index = read_libraries(root)
    assert index.dependency("libxml2.so.2") == "libxml2 (>= 2.9.0)"
    assert index.dependency("libdb-5.3.so") == "libdb5.3"
    assert index.dependency("libplain.so.1") == "libplain1"


@pytest.mark.parametrize("soname", ["plugin.so.1", "x.so.1", "libghost.so.1", "libabsent.so.3", ""])
def test_what_the_loader_would_not_find_is_not_there(root: Path, soname: str) -> None:
    assert read_libraries(root).dependency(soname) is None


def test_a_library_is_found_where_the_best_alternative_puts_it(root: Path) -> None:
    folder = f"/usr/lib/{TRIPLE}"
    alternatives = root / "var/lib/dpkg/alternatives"
    alternatives.mkdir(parents=True)
    (alternatives / "libblas.so.3-arm").write_text(
        f"auto\n{folder}/libblas.so.3\nlibcblas.so.3-arm\n{folder}/libcblas.so.3\n\n"
        f"{folder}/blas/libblas.so.3\n10\n{folder}/blas/libcblas.so.3\n"
        f"{folder}/fast/libblas.so.3\n100\n{folder}/fast/libcblas.so.3\n\n"
    )
    (alternatives / "broken.so.1").write_text("auto\n/usr/lib/broken.so.1\n\n/x\nmany\n")
    (alternatives / "empty.so.1").write_text("")
    for name in ("blas", "fast"):
        files = f"{folder}/{name}/libblas.so.3\n{folder}/{name}/libcblas.so.3\n"
        (root / f"var/lib/dpkg/info/lib{name}.list").write_text(files)
    index = read_libraries(root)
    assert index.dependency("libblas.so.3") == index.dependency("libcblas.so.3") == "libfast"


def test_a_link_in_a_root_is_not_followed(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("/usr/lib/libsecret.so.1\n")
    (root / "var/lib/dpkg/info" / "evil.list").symlink_to(secret)
    assert read_libraries(root).dependency("libsecret.so.1") is None


def test_a_root_without_a_database_knows_nothing(tmp_path: Path) -> None:
    assert read_libraries(tmp_path).packages == {}


def test_the_package_is_the_first_word_of_a_dependency() -> None:
    assert package_of("libxml2 (>= 2.9.0)") == package_of("libxml2") == "libxml2"
