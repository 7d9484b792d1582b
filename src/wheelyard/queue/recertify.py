"""Checks wheels again that are on the index: those from before a check existed, or any."""

import tempfile
from pathlib import Path

from wheelyard.certify.expected import Expected, ReleaseFacts
from wheelyard.certify.inspection import certify
from wheelyard.clock import Clock
from wheelyard.database.certificates import certificates_of_project, record_certificate
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.pages import mark_page
from wheelyard.database.projects import stored_page
from wheelyard.database.targets import target_states
from wheelyard.database.wheels import wheels_of_project
from wheelyard.errors import NotStored
from wheelyard.model.build import Limits
from wheelyard.model.certificate import Certificate, Check, failed
from wheelyard.model.target import target_from_name
from wheelyard.model.twin import built_name
from wheelyard.model.wheel import Wheel
from wheelyard.queue.delivery import with_told
from wheelyard.queue.facts import release_facts
from wheelyard.storage.store import Store

_OF_BUILDERS = frozenset({"import", "libraries", "build-host", "python-symbols"})
"""What a builder found once stays true of the same bytes."""


def certify_again(
    engine: Engine, store: Store, wheel: Wheel, *, clock: Clock, limits: Limits
) -> Certificate:
    """Check a wheel's stored bytes, and keep the certificate; its pages are written again.

    Nothing is withdrawn: what fails is for an operator to judge. The wheel itself is not among the
    relatives that it is held against.
    """
    with reading(engine) as connection:
        page = stored_page(connection, wheel.project)
        others = wheels_of_project(connection, wheel.project)
        known = certificates_of_project(connection, wheel.project)
        targets = {state.target.name: state.target for state in target_states(connection)}
    ours = [other for other in others if other.file.sha256 != wheel.file.sha256]
    before = known.get((wheel.build_id, wheel.file.filename))
    told = () if before is None else before.certificate.checks
    expected = Expected(
        project=wheel.project,
        version=wheel.version,
        target=targets.get(wheel.target) or target_from_name(wheel.target),
        limits=limits,
        release=ReleaseFacts() if page is None else release_facts(page, wheel.version, ours),
        private=(f"build-{wheel.build_id}",),
    )
    certificate = with_told(
        _certificate(store, wheel, expected),
        [check for check in told if check.name in _OF_BUILDERS],
    )
    with writing(engine) as connection:
        record_certificate(connection, wheel, certificate, at=clock.now())
        mark_page(connection, wheel.project)
    return certificate


def _certificate(store: Store, wheel: Wheel, expected: Expected) -> Certificate:
    with tempfile.TemporaryDirectory(prefix="wheelyard-certify-") as folder:
        path = Path(folder) / built_name(wheel.file.filename, expected.target.architecture)
        try:
            with path.open("wb") as file:
                for chunk in store.read(wheel.path):
                    file.write(chunk)
        except NotStored:
            return Certificate(checks=(_lost(wheel),))
        certified = certify(path, expected)
        if certified.contents is not None and certified.contents.sha256 != wheel.file.sha256:
            return certified.certificate.with_checks(_changed(wheel))
        return certified.certificate


def _lost(wheel: Wheel) -> Check:
    return failed("archive", "The store has lost the wheel.", wheel.path)


def _changed(wheel: Wheel) -> Check:
    message = "The store holds other bytes than those that were published."
    return failed("archive", message, f"{wheel.path} does not have the SHA-256 in its name")
