"""`wheelyard queue …`: what waits to be built, and whether it is handed out."""

from typing import Annotated

import typer

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, print_json, print_line, print_table
from wheelyard.database import job_lists, pausing
from wheelyard.database.builds import build_summaries
from wheelyard.database.engine import reading
from wheelyard.database.queue import job_counts
from wheelyard.database.targets import active_targets
from wheelyard.model.build import JobState
from wheelyard.model.job import QueuedJob
from wheelyard.model.names import parse_project_name, parse_target_name

queue_commands = typer.Typer(help="What waits to be built.", no_args_is_help=True)

_NEXT = 5
_RUNNING = 100
_HEADINGS = ("project", "version", "target", "state", "priority", "turn", "demand", "due")


@queue_commands.command()
def show(*, as_json: AsJson = False) -> None:
    """Show how long the queue is, what is being built, and what comes next for each target."""
    with reading(opened().engine) as connection:
        pause = pausing.queue_pause(connection)
        counts = job_counts(connection)
        running = build_summaries(connection, running=True, limit=_RUNNING)
        names = [target.name for target in active_targets(connection)]
        coming = [
            job
            for name in names
            for job in job_lists.waiting_jobs(connection, target=name, limit=_NEXT)
        ]
    if as_json:
        print_json({"paused": pause, "counts": counts, "running": running, "next": coming})
        return
    print_line(
        f"Paused since {pause.at:%Y-%m-%d %H:%M}: {pause.reason}" if pause else "Handing out jobs."
    )
    print_table(
        "Jobs",
        ("target", "state", "jobs"),
        [(count.target, count.state, count.count) for count in counts],
    )
    print_table(
        "Running",
        ("project", "version", "target", "builder", "phase", "since"),
        [
            (
                *(build.project, build.version, build.target),
                *(build.builder, build.phase, build.started_at),
            )
            for build in running
        ],
    )
    print_table("Next", _HEADINGS, _rows(coming))


@queue_commands.command("list")
def list_jobs(
    *,
    target: Annotated[str | None, typer.Option(help="Only of this target.")] = None,
    project: Annotated[str | None, typer.Option(help="Only of this project.")] = None,
    state: Annotated[JobState, typer.Option(help="Jobs in this state.")] = JobState.WAITING,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs in the order in which they are handed out, come due, or run out of their lease."""
    name = None if target is None else parse_target_name(target)
    with reading(opened().engine) as connection:
        if project is not None:
            found = [
                job
                for job in job_lists.jobs_of_project(connection, parse_project_name(project))
                if job.state is state and name in {None, job.target}
            ][:limit]
        else:
            found = job_lists.jobs_in_state(connection, state, target=name, limit=limit)
    if as_json:
        print_json({"jobs": found})
    else:
        print_table("Jobs", _HEADINGS, _rows(found))


def _rows(jobs: list[QueuedJob]) -> list[tuple[object, ...]]:
    return [
        (
            *(job.project, job.version, job.target, job.state, job.priority.name.lower()),
            *(job.turn, job.demand, job.due_at),
        )
        for job in jobs
    ]


@queue_commands.command()
def pause(
    *,
    reason: Annotated[str, typer.Option(help="Why, for whoever looks.")] = "no reason given",
    as_json: AsJson = False,
) -> None:
    """Hand out no more jobs; builds that run go on, and planning too."""
    with audited(opened(), "queue pause", {"reason": reason}) as operation:
        pausing.pause_queue(operation.connection, reason=reason, at=operation.at)
    if as_json:
        print_json({"paused": True})
    else:
        print_line("No more jobs are handed out; `wheelyard queue resume` goes on.")


@queue_commands.command()
def resume(*, as_json: AsJson = False) -> None:
    """Hand out jobs again."""
    with audited(opened(), "queue resume", {}) as operation:
        was_paused = pausing.resume_queue(operation.connection)
        operation.outcome = {"was_paused": was_paused}
    if as_json:
        print_json({"paused": False, "was_paused": was_paused})
    else:
        print_line("Jobs are handed out." if was_paused else "The queue was not paused.")


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard queue`."""
    app.add_typer(queue_commands, name="queue")
