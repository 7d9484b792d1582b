"""What a builder offers: what it can serve, in which lane, and what a measurement told."""

import re
from pathlib import Path

import pytest

from roots import put_environment
from wheelyard.builder import host
from wheelyard.builder.environments.choice import Environments
from wheelyard.builder.environments.store import Store
from wheelyard.builder.offers import offers, read_times, serveable
from wheelyard.builder.sandbox.plain import PlainSandbox
from wheelyard.errors import InvalidSetting
from wheelyard.model.environment import parse_environment_name, target_of_environment
from wheelyard.model.lane import Lane


def test_the_children_of_a_shell_are_counted() -> None:
    assert read_times("0m0.010000s 0m0.020000s\n1m2.500000s 0m0.250000s\n") == 62.75


@pytest.mark.parametrize(
    "printed", ["", "cc: not found", "0m0.0s 0m0.0s", "0m0.0s 0m0.0s\n0m0.0s 0m0.0s"]
)
def test_a_measurement_that_failed_tells_nothing(printed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_times(printed)


@pytest.mark.parametrize(
    ("environment", "python", "target"),
    [
        ("bookworm-armhf", "3.11.2", "bookworm-cp311-armv7l"),
        ("trixie-arm64", "3.13.5", "trixie-cp313-aarch64"),
        ("bullseye-armhf-raspios", "3.9.2", "bullseye-cp39-armv6l"),
    ],
)
def test_an_environment_is_made_for_a_target(environment: str, python: str, target: str) -> None:
    found = target_of_environment(parse_environment_name(environment), python)

    assert found is not None
    assert found.name == target


def test_all_that_runs_here_is_offered(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put_environment(store, parse_environment_name("bookworm-amd64"), python="3.11.2-6")

    own = host.local_target().name
    targets = serveable((), Environments(store=store, chosen={}))

    assert targets[0] == own
    if own.endswith("x86_64"):
        assert "bookworm-cp311-x86_64" in targets


def test_a_target_without_a_system_here_is_refused(tmp_path: Path) -> None:
    foreign = "aarch64" if host.architecture() != "aarch64" else "x86_64"

    with pytest.raises(InvalidSetting, match="on a machine of"):
        serveable(
            (f"trixie-cp313-{foreign}",), Environments(store=Store(tmp_path / "none"), chosen={})
        )


def test_of_the_pi_family_a_builder_serves_what_it_has_environments_for(tmp_path: Path) -> None:
    store = Store(tmp_path)
    own = parse_environment_name("bookworm-amd64")
    put_environment(store, own)
    chosen = {"bookworm-cp311-aarch64": str(own)}

    found = serveable(("raspberry-pi",), Environments(store=store, chosen=chosen))

    assert found == ("bookworm-cp311-aarch64",)
    with pytest.raises(InvalidSetting, match="raspberry-pi"):
        serveable(("raspberry-pi",), Environments(store=store, chosen={}))


@pytest.mark.timeout(60)
def test_a_speed_is_measured_once(tmp_path: Path) -> None:
    environments = Environments(store=Store(tmp_path), chosen={}, is_open=False)
    own = host.local_target().name

    first = offers((own,), environments, PlainSandbox(), folder=tmp_path)
    again = offers((own,), environments, PlainSandbox(), folder=tmp_path)

    assert [(offer.target, offer.lane) for offer in first] == [(own, Lane.NATIVE)]
    assert again == first


def test_what_cannot_be_measured_is_served_all_the_same(tmp_path: Path) -> None:
    environments = Environments(store=Store(tmp_path), chosen={}, is_open=False)
    own = host.local_target().name
    nonsense = re.sub(r"-cp\d+-", "-cp399-", own)

    assert offers((nonsense,), environments, PlainSandbox(), folder=tmp_path) == ()
