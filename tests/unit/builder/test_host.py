import os
from pathlib import Path

import pytest

from wheelyard.builder import host
from wheelyard.builder.host import architecture_of, local_target
from wheelyard.errors import NotFound

BOOKWORM = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n'
RASPBIAN = 'ID=raspbian\nID_LIKE=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
NO_CODENAME = 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID="41"\n'
CURIOUS = 'ID=something\nVERSION_CODENAME="Zesty Zebra_9"\n'


def root(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = tmp_path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("os_release", "channel"),
    [
        (BOOKWORM, "bookworm"),
        (RASPBIAN, "bookworm"),
        (NO_CODENAME, "fedora41"),
        (CURIOUS, "zestyzebra9"),
        ("", "linux"),
    ],
)
def test_the_channel_is_the_distribution_releases_name(
    tmp_path: Path, os_release: str, channel: str
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(os_release)

    assert local_target(tmp_path).channel == channel


def test_the_local_target_has_a_name_and_accepts_what_is_built_here() -> None:
    target = local_target()

    assert target.name.endswith(f"-{target.interpreter}-{target.architecture}")
    assert target.python_full is not None
    assert target.python_full.startswith(f"{target.python[0]}.{target.python[1]}.")
    assert f"glibc {target.glibc[0]}.{target.glibc[1]}" == os.confstr("CS_GNU_LIBC_VERSION")


@pytest.mark.parametrize(
    ("debian", "kernel", "bits", "architecture"),
    [
        ("amd64", "x86_64", 64, "x86_64"),
        ("arm64", "aarch64", 64, "aarch64"),
        ("armhf", "armv7l", 32, "armv7l"),
        ("armhf", "aarch64", 32, "armv7l"),
        ("armhf", "armv6l", 32, "armv6l"),
        ("i386", "x86_64", 32, "i686"),
        ("riscv64", "riscv64", 64, "riscv64"),
        (None, "x86_64", 64, "x86_64"),
        (None, "aarch64", 32, "armv7l"),
        (None, "armv7l", 32, "armv7l"),
    ],
)
def test_the_architecture_is_that_of_the_installed_programs(
    debian: str | None, kernel: str, bits: int, architecture: str
) -> None:
    assert architecture_of(debian=debian, kernel=kernel, bits=bits) == architecture


def test_a_missing_distribution_python_is_said_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "PYTHON", tmp_path / "python3")

    with pytest.raises(NotFound, match="apt-get install python3-dev"):
        local_target()


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        (
            '{"implementation": "cpython", "version": "3.11.2", "headers": false, "bits": 64}',
            "Pyth",
        ),
        ('{"implementation": "pypy", "version": "3.9.1", "headers": true, "bits": 64}', "CPython"),
    ],
)
def test_an_interpreter_that_extensions_cannot_be_built_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: str, error: str
) -> None:
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\necho '{facts}'\n")
    python.chmod(0o755)
    monkeypatch.setattr(host, "PYTHON", python)

    with pytest.raises(Exception, match=error) as caught:
        local_target()

    assert caught.type.__module__ == "wheelyard.errors"


def test_an_interpreter_that_does_not_run_is_said_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(host, "PYTHON", python)

    with pytest.raises(NotFound, match="broken"):
        local_target()


def test_a_boards_model_is_what_its_firmware_says(tmp_path: Path) -> None:
    where = root(
        tmp_path,
        **{
            "proc__device-tree__model": "Raspberry Pi 3 Model B Rev 1.2\0",
            "proc__meminfo": "MemTotal:         945512 kB\nMemAvailable:     700000 kB\n",
        },
    )

    assert host.machine(where) == host.Machine(
        model="Raspberry Pi 3 Model B Rev 1.2",
        memory_bytes=945512 * 1024,
        processors=len(os.sched_getaffinity(0)),
    )
    assert host.free_memory_bytes(where) == 700000 * 1024


def test_without_firmware_the_processors_model_names_the_machine(tmp_path: Path) -> None:
    where = root(tmp_path, proc__cpuinfo="processor\t: 0\nmodel name\t: Some Processor 9000\n")

    assert host.machine(where).model == "Some Processor 9000"


def test_a_machine_that_tells_nothing_is_named_by_its_kernel(tmp_path: Path) -> None:
    assert host.machine(tmp_path).model == os.uname().machine
