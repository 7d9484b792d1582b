"""A long, random life of a package index, played on the fake one: events, and what goes wrong.

`History.step()` lets one thing happen. The same seed plays the same history. What breaks on the way
(stale pages, events that are told late, requests that fail) is mended by `end`, which changes no
project.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from fake_upstream import UPLOADED_AT, FakeProject, FakeUpstream, Fault
from wheelyard.clock import Clock

LONGEST_SECRET = timedelta(minutes=6)
"""For so long at most an event is not told: less than what a changelog is read again for."""

OURS = "cp311-cp311-linux_x86_64"
"""The tags of the wheels that are built here, which upstream's own may have too."""

_NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")
_VERSIONS = ("0.9", "1.0", "1.1", "2.0rc1", "2.0", "3.0")
_ENDINGS = (
    *(".tar.gz",) * 4,
    ".zip",
    "-py3-none-any.whl",
    f"-{OURS}.whl",
    "-cp39-cp39-win_amd64.whl",
)
_REASONS = (True, "broken", "It eats <b>disks</b>", "wrong files; use 2.0")
_PYTHONS = (None, None, ">=3.8", ">=3.12")
_FAULTS = (
    Fault(status=429, retry_after="30"),
    Fault(status=429),
    Fault(status=500),
    Fault(status=503, retry_after="10"),
    Fault(reset=True),
    Fault(truncated_to=40),
    Fault(status=200, body=b"<html>Down for maintenance</html>", content_type="text/html"),
)


class History:
    """What happens upstream, one thing at each step.

    `fault_rate` is the part of all requests that fail; with `loses_sources` the index stops to
    have a changelog, feeds or serials at times. If it `is_steady`, nothing is stale or late.
    """

    def __init__(
        self,
        fake: FakeUpstream,
        *,
        seed: int,
        clock: Clock,
        fault_rate: float = 0.1,
        loses_sources: bool = False,
        is_steady: bool = False,
    ) -> None:
        self._fake = fake
        self._clock = clock
        self._chance = random.Random(f"events {seed}")
        self._bad_luck = random.Random(f"faults {seed}")
        self._fault_rate = fault_rate
        self._held_since: datetime | None = None
        self._frozen: set[str] = set()
        self._events: list[tuple[Callable[[], None], int]] = [
            (self._add_file, 10),
            (self._remove_file, 3),
            (self._remove_release, 2),
            (self._replace_sdist, 2),
            (self._remove_project, 2),
            (self._yank, 5),
            (self._unyank, 3),
            (self._quarantine, 3),
            (self._clear, 4),
            (self._set_status, 2),
            (self._respell, 1),
        ]
        if not is_steady:
            self._events += [
                (self._freeze, 3),
                (self._thaw, 4),
                (self._hold, 3),
                (self._release_some, 3),
            ]
        if loses_sources:
            self._events += [(self._lose_or_find_a_source, 3)]
        fake.journal.shuffle = random.Random(f"rows {seed}")
        fake.misbehave = self._fault

    def step(self) -> str:
        """Let one thing happen, and return the name of it."""
        if self._held_since is not None and self._clock.now() - self._held_since > LONGEST_SECRET:
            self._tell_everything()
        happen = self._chance.choices(
            [event for event, _ in self._events], [weight for _, weight in self._events]
        )[0]
        happen()
        return happen.__name__.lstrip("_")

    def end(self) -> None:
        """Mend whatever is broken: from now on the index is as good as an index can be."""
        fake = self._fake
        fake.misbehave = None
        fake.has_changelog = fake.has_rss = fake.serves_serials = fake.serves_etags = True
        self._tell_everything()
        fake.thaw()

    def _fault(self, method: str, path: str) -> Fault | None:
        del method, path
        if self._bad_luck.random() >= self._fault_rate:
            return None
        return self._bad_luck.choice(_FAULTS)

    def _any_project(self) -> tuple[str, FakeProject] | None:
        known = sorted(self._fake.projects.items())
        return self._chance.choice(known) if known else None

    def _any_file(self, *, yanked: bool | None = None) -> tuple[str, str] | None:
        files = [
            (name, filename)
            for name, project in sorted(self._fake.projects.items())
            for filename, file in project.files.items()
            if yanked is None or yanked is (file.yanked is not False)
        ]
        return self._chance.choice(files) if files else None

    def _add_file(self) -> None:
        name = self._chance.choice(_NAMES)
        spelled = self._chance.choice((name, name.title(), name.upper()))
        ending, version = self._chance.choice(_ENDINGS), self._chance.choice(_VERSIONS)
        self._add(spelled, f"{name}-{version}{ending}")

    def _add(self, project: str, filename: str) -> None:
        self._fake.add_file(
            project,
            self._chance.randbytes(20),
            filename,
            requires_python=self._chance.choice(_PYTHONS),
            uploaded_at=self._chance.choice((UPLOADED_AT, UPLOADED_AT, self._clock.now())),
        )

    def _remove_file(self) -> None:
        if found := self._any_file():
            self._fake.remove(*found)

    def _remove_release(self) -> None:
        if found := self._any_file():
            project, filename = found
            start = "-".join(filename.split("-")[:2]).removesuffix(".tar.gz").removesuffix(".zip")
            for name in list(self._fake.projects[project].files):
                if name.startswith((f"{start}.tar", f"{start}.zip", f"{start}-")):
                    self._fake.remove(project, name)

    def _replace_sdist(self) -> None:
        if (found := self._any_file()) and not found[1].endswith(".whl"):
            self._fake.remove(*found)
            self._add(*found)

    def _remove_project(self) -> None:
        if found := self._any_project():
            self._fake.remove(found[0])

    def _yank(self) -> None:
        if found := self._any_file(yanked=False):
            self._fake.yank(*found, yanked=self._chance.choice(_REASONS))

    def _unyank(self) -> None:
        if found := self._any_file(yanked=True):
            self._fake.yank(*found, yanked=False)

    def _quarantine(self) -> None:
        if found := self._any_file():
            whole = self._chance.random() < 0.5
            version = found[1].split("-")[1].removesuffix(".tar.gz").removesuffix(".zip")
            self._fake.quarantine(found[0], None if whole else version)

    def _clear(self) -> None:
        for name, project in sorted(self._fake.projects.items()):
            if project.quarantined:
                version = self._chance.choice(sorted(project.quarantined))
                self._fake.clear_quarantine(name, version or None)
                return

    def _set_status(self) -> None:
        if (found := self._any_project()) and not found[1].quarantined:
            status = self._chance.choice((None, "archived", "deprecated", "archived"))
            reason = None if status is None else self._chance.choice((None, "Use another one"))
            self._fake.set_status(found[0], status, reason=reason)

    def _respell(self) -> None:
        if found := self._any_project():
            name, project = found
            project.display_name = self._chance.choice((name, name.title(), name.upper()))
            self._fake.touch(name, "change name")

    def _freeze(self) -> None:
        # Also pages of projects that are not there yet: these go on missing for a while.
        name = self._chance.choice(_NAMES)
        self._fake.freeze(name)
        self._frozen.add(name)
        if self._chance.random() < 0.2:
            self._fake.freeze_list()

    def _thaw(self) -> None:
        if self._frozen:
            name = self._chance.choice(sorted(self._frozen))
            self._frozen.discard(name)
            self._fake.thaw(name)
        if self._chance.random() < 0.3:
            self._frozen.clear()
            self._fake.thaw()

    def _hold(self) -> None:
        if not self._fake.journal.holds:
            self._fake.journal.holds = True
            self._held_since = self._held_since or self._clock.now()

    def _release_some(self) -> None:
        """Tell of some of the events that were held, of late ones perhaps before earlier ones."""
        journal = self._fake.journal
        journal.holds = False
        held = journal.held
        if held:
            journal.release(*self._chance.sample(held, self._chance.randint(1, len(held))))
        if not journal.held:
            self._held_since = None

    def _tell_everything(self) -> None:
        self._fake.journal.holds = False
        self._fake.journal.release()
        self._held_since = None

    def _lose_or_find_a_source(self) -> None:
        name = self._chance.choice(("has_changelog", "has_rss", "serves_etags"))
        setattr(self._fake, name, self._chance.random() < 0.6)
