"""What a command in bubblewrap can see and do: nothing of the host."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from sandboxes import PYTHON, python, run, writable_folder
from wheelyard.builder.sandbox.sandbox import Sandbox
from zoo import zoo_folder

SECRET = "wheelyard-secret-of-the-agent"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp/home", "LANG": "C.UTF-8"}
NO_CAPABILITY = "0" * 16

Report = dict[str, Any]


@pytest.fixture
def report(isolated: Sandbox, reachable: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Return what the zoo's probe sees, started by an agent that has secrets."""
    monkeypatch.setenv("WHEELYARD_BUILDER__TOKEN", SECRET)
    (reachable / "secret").write_text(SECRET)
    source = reachable / "source"
    source.mkdir()
    (source / "probing.py").write_bytes((zoo_folder("probe") / "probing.py").read_bytes())
    ran = run(
        isolated,
        *(PYTHON, "-I", "/src/probing.py"),
        folder="/work",
        read_only={"/src": source},
        writable={"/work": writable_folder(reachable)},
        environment=ENVIRONMENT,
    )
    assert ran.result.exit_status == 0, ran.text
    found: Report = json.loads(ran.text)
    return found


def test_the_agents_secrets_are_nowhere(report: Report) -> None:
    assert SECRET not in json.dumps(report)


def test_the_environment_is_the_commands_own_in_every_process(report: Report) -> None:
    assert report["environment"] == {**ENVIRONMENT, "PWD": "/work"}
    assert report["environments"]["1"] in {"PATH=/usr/bin:/bin\0", "EACCES"}


def test_command_lines_tell_nothing_of_the_host(report: Report, reachable: Path) -> None:
    assert str(reachable) not in json.dumps(report["processes"])


def test_only_the_commands_own_processes_are_seen(report: Report) -> None:
    assert len(report["processes"]) == 2
    assert report["processes"]["1"].startswith("bwrap\0")


def test_a_command_is_an_ordinary_user_without_any_way_to_become_another(report: Report) -> None:
    assert report["ids"] == [1000, 1000, 1000, 1000]
    assert report["groups"] in ([], [1000])
    assert report["status"] == {
        "CapInh": NO_CAPABILITY,
        "CapPrm": NO_CAPABILITY,
        "CapEff": NO_CAPABILITY,
        "CapBnd": NO_CAPABILITY,
        "CapAmb": NO_CAPABILITY,
        "NoNewPrivs": "1",
    }
    assert report["setuid_root"] is False


def test_a_command_can_make_no_namespace_and_no_mount(report: Report) -> None:
    assert report["user_namespace"] != "allowed"
    assert report["mount"] == "EPERM"


def test_there_is_no_network(report: Report) -> None:
    assert report["interfaces"] == ["lo"]
    assert "connected" not in report["connections"].values()
    assert report["connections"]["192.0.2.1:80"] == "ENETUNREACH"
    assert report["name_lookup"] == "gaierror"


def test_a_service_of_the_host_cannot_be_reached(isolated: Sandbox) -> None:
    code = """
import socket, sys
for family, address in ((socket.AF_INET, ("127.0.0.1", int(sys.argv[1]))),
                        (socket.AF_UNIX, "\\0" + sys.argv[2])):
    try:
        socket.socket(family).connect(address)
    except ConnectionRefusedError:
        print("refused")
"""
    name = f"wheelyard-test-{os.getpid()}-{id(isolated)}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(f"\0{name}")
        local.listen()

        ran = python(isolated, code, str(server.getsockname()[1]), name)

    assert ran.text == "refused\nrefused\n"


def test_the_machine_has_another_name(report: Report) -> None:
    assert report["hostname"] == "builder"


def test_only_the_systems_programs_are_seen(report: Report) -> None:
    system = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "usr"}
    assert set(report["root"]) - system == {"run", "src", "tmp", "var", "work"}
    assert report["local"] == []
    assert report["private"] == []
    assert set(report["etc"]) <= {
        *("alternatives", "debian_version", "group", "hosts", "ld.so.cache", "ld.so.conf"),
        *("ld.so.conf.d", "nsswitch.conf", "os-release", "passwd", "ssl"),
    }


def test_only_private_folders_and_the_commands_own_are_writable(report: Report) -> None:
    assert report["writable"] == ["/dev/shm", "/run", "/tmp", "/work"]


def test_mounts_are_read_only_but_for_the_private_ones(report: Report) -> None:
    writable = {
        mount["at"]
        for mount in report["mounts"]
        if "rw" in mount["options"] and not mount["at"].startswith("/dev/")
    }
    assert writable == {"/proc", "/run", "/tmp", "/work"}
    assert all("nosuid" in mount["options"] for mount in report["mounts"] if mount["at"] != "/")


def test_no_disk_or_kernel_device_is_seen(report: Report) -> None:
    assert set(report["devices"]) <= {
        *("console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm"),
        *("stderr", "stdin", "stdout", "tty", "urandom", "zero"),
    }


def test_no_descriptor_of_the_agent_is_inherited(report: Report) -> None:
    files = report["descriptors"].values()
    assert set(report["descriptors"]) >= {"0", "1", "2"}
    assert all(name == "/dev/null" or name.startswith("pipe:") for name in files)


def test_private_folders_are_not_shared_between_commands(isolated: Sandbox) -> None:
    folders = "/tmp /dev/shm /run /var/tmp"

    run(isolated, "/bin/sh", "-c", f"for f in {folders}; do touch $f/left; done")

    assert run(isolated, "/bin/sh", "-c", f"find {folders} -name left").text == ""


def test_what_is_given_read_only_cannot_be_written(isolated: Sandbox, reachable: Path) -> None:
    given = writable_folder(reachable, "given")

    ran = run(isolated, "/bin/sh", "-c", "touch /given/new", read_only={"/given": given})

    assert ran.result.exit_status == 1
    assert list(given.iterdir()) == []
