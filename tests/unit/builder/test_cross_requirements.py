"""The build environment of a cross build: native tools, the target's headers."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from wheelyard.builder.cross import requirements
from wheelyard.builder.cross.requirements import make_cross_environment
from wheelyard.builder.installing import Index
from wheelyard.model.build import Failure, FailureKind
from wheelyard.model.target import Target, target_from_name

NATIVE = target_from_name("bookworm-cp311-x86_64")
BOARD = target_from_name("bookworm-cp311-armv7l")
SITE = "lib/python3.11/site-packages"
MISSING = Failure(kind=FailureKind.NO_DEPENDENCY_WHEEL, message="There is none.")


class Installer:
    """Stands for the index: which distributions a target gets, with their files' contents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.has_board_wheel = True

    def __call__(
        self, requires: Sequence[str], target: Target, _index: Index, **_: object
    ) -> Path | Failure:
        self.asked.append((target.name, tuple(requires)))
        if target is BOARD and not self.has_board_wheel:
            return MISSING
        made = self.folder / f"{target.architecture}-{len(self.asked)}"
        site = made / SITE
        self.put(site, "numpy", pure=False, files={"numpy/config.h": target.architecture})
        if target is NATIVE:
            self.put(site, "tool", pure=True, files={"tool/some.h": "of the tool"})
            self.put(site, "cffi", pure=False, files={"cffi/own.h": "alike everywhere"})
            (site / "numpy/core.so").write_text("runs here")
        return made

    def put(self, site: Path, name: str, *, pure: bool, files: dict[str, str]) -> None:
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        for path, text in files.items():
            (site / path).parent.mkdir(exist_ok=True)
            (site / path).write_text(text)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "WHEEL").write_text(f"Root-Is-Purelib: {str(pure).lower()}\n")
        (info / "RECORD").write_text("".join(f"{path},,\n" for path in files))


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    installer = Installer(tmp_path)
    monkeypatch.setattr(requirements, "make_environment", installer)
    return installer


def made(tmp_path: Path) -> Path | Failure:
    return make_cross_environment(
        ["numpy"],
        NATIVE,
        BOARD,
        Index(url="https://index.example.org/simple/", folder=tmp_path),
        files={"_wheelyard.pth": "import x\n"},
        day=date(2026, 12, 1),
        check=lambda: None,
    )


def test_programs_run_here_and_headers_are_the_targets(
    installer: Installer, tmp_path: Path
) -> None:
    folder = made(tmp_path)

    assert isinstance(folder, Path)
    site = folder / SITE
    assert (site / "numpy/core.so").read_text() == "runs here"
    assert (site / "numpy/config.h").read_text() == "armv7l"
    assert (site / "tool/some.h").read_text() == "of the tool"
    assert (site / "cffi/own.h").read_text() == "alike everywhere"
    assert (site / "_wheelyard.pth").read_text() == "import x\n"
    assert installer.asked == [(NATIVE.name, ("numpy",)), (BOARD.name, ("numpy==1.0",))]


@pytest.mark.usefixtures("installer")
def test_the_native_environment_stays_as_it_was(tmp_path: Path) -> None:
    made(tmp_path)

    site = tmp_path / "x86_64-1" / SITE
    assert (site / "numpy/config.h").read_text() == "x86_64"
    assert not (site / "_wheelyard.pth").exists()


def test_a_requirement_without_a_wheel_for_the_target_is_wanting(
    installer: Installer, tmp_path: Path
) -> None:
    installer.has_board_wheel = False

    assert made(tmp_path) == MISSING
    assert not list(tmp_path.glob("new-*"))
