"""Nobody holds the others up: a project with 5,000 releases, an owner of 1,000 projects."""

import heapq
from collections import Counter
from collections.abc import Iterable

from plan_records import BOOKWORM, many_releases, planned
from wheelyard.model.build import Priority
from wheelyard.model.names import ProjectName
from wheelyard.model.plan import ProjectRecord
from wheelyard.queue.order import Turns

Place = tuple[Priority, int, int, float, int]


class Line:
    """The waiting jobs of one target, handed out in the order of the claim statement."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Place, ProjectName, str | None]] = []
        self._count = 0
        self.owners: Counter[str] = Counter()

    def plan(self, projects: Iterable[ProjectRecord]) -> None:
        heads: dict[tuple[str, Priority], int] = {}
        for (urgency, turn, *_), _, _ in self._waiting:
            head = heads.get((BOOKWORM.name, urgency), turn)
            heads[BOOKWORM.name, urgency] = min(head, turn)
        turns = Turns({(BOOKWORM.name, key[1]): turn for key, turn in heads.items()}, self.owners)
        for project in projects:
            for terms in planned(project, BOOKWORM, turns=turns).new_jobs.values():
                self._count += 1
                place = (
                    terms.priority,
                    terms.turn,
                    -terms.demand,
                    -terms.released_at.timestamp(),
                    self._count,
                )
                heapq.heappush(self._waiting, (place, project.name, project.owner))
                if project.owner is not None:
                    self.owners[project.owner] += 1

    def serve(self, number: int) -> Counter[str]:
        """Hand out so many jobs, and return how many of them were of each project and owner."""
        served: Counter[str] = Counter()
        for _ in range(min(number, len(self._waiting))):
            _, project, owner = heapq.heappop(self._waiting)
            served[project] += 1
            if owner is not None:
                served[owner] += 1
                self.owners[owner] -= 1
        return served


def small_projects(number: int, *, prefix: str = "small") -> list[ProjectRecord]:
    return [
        many_releases(f"{prefix}-{place}", 10, owner=f"{prefix}-owner-{place}")
        for place in range(number)
    ]


def test_one_project_with_5000_releases_gets_no_more_of_a_round_than_any_other() -> None:
    line = Line()
    line.plan([many_releases("huge", 5000), *small_projects(50)])
    served = line.serve(51 * 10)
    assert served["huge"] == 10
    assert all(served[f"small-{place}"] == 10 for place in range(50))


def test_one_owner_of_1000_projects_leaves_the_others_their_turns() -> None:
    line = Line()
    line.plan(many_releases(f"fleet-{place}", 5, owner="fleet") for place in range(1000))
    line.plan(small_projects(50))
    # The newest releases of all come first, and by themselves the fleet's would be the first 1,000.
    newest = line.serve(50 + 40)
    assert sum(newest[f"small-{place}"] for place in range(50)) == 50
    assert newest["fleet"] <= 40


def test_who_comes_later_starts_where_the_queue_is_and_waits_for_nobodys_old_jobs() -> None:
    line = Line()
    line.plan([many_releases("huge", 5000)])
    line.serve(2000)
    line.plan(small_projects(10))
    served = line.serve(11 * 10)
    assert all(served[f"small-{place}"] == 10 for place in range(10))


def test_new_jobs_for_ever_do_not_keep_an_old_one_waiting_for_ever() -> None:
    line = Line()
    line.plan([many_releases("huge", 300)])
    served = 0
    for round_number in range(400):
        line.plan(small_projects(1, prefix=f"round-{round_number}"))
        served += line.serve(11)["huge"]
    assert served == 300


def test_what_is_asked_for_more_gets_more() -> None:
    line = Line()
    line.plan([many_releases("popular", 500, demand=1023), many_releases("quiet", 500)])
    served = line.serve(220)
    assert served["popular"] > 5 * served["quiet"] > 0
