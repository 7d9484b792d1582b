"""`wheelyard target …`: what wheels are made for."""

from typing import Annotated

import typer

from wheelyard.cli.operation import audited, opened
from wheelyard.cli.output import AsJson, DryRun, plain, print_json, print_line, print_table
from wheelyard.database import targets
from wheelyard.database.engine import reading
from wheelyard.database.queue import job_counts
from wheelyard.database.targets import TargetState
from wheelyard.errors import UnknownTarget
from wheelyard.model.build import JobState
from wheelyard.model.names import parse_target_name
from wheelyard.model.target import target_from_name, targets_named

target_commands = typer.Typer(help="What wheels are made for.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(help="A target, such as bookworm-cp311-armv7l.")]


@target_commands.command("list")
def list_targets(*, as_json: AsJson = False) -> None:
    """List the targets, in the order in which they are probed."""
    with reading(opened().engine) as connection:
        found = targets.target_states(connection)
        counts = job_counts(connection)
    jobs = {
        state.target.name: {
            count.state: count.count for count in counts if count.target == state.target.name
        }
        for state in found
    }
    if as_json:
        print_json(
            {
                "targets": [
                    {
                        **plain(state.target),
                        "name": state.target.name,
                        "state": _state(state),
                        "position": state.position,
                        "jobs": jobs[state.target.name],
                    }
                    for state in found
                ]
            }
        )
        return
    print_table(
        "Targets",
        ("target", "state", "position", *(state.value for state in JobState)),
        [
            (
                *(state.target.name, _state(state), state.position),
                *(jobs[state.target.name].get(job_state, 0) for job_state in JobState),
            )
            for state in found
        ],
    )


def _state(state: TargetState) -> str:
    if state.is_retired:
        return "retired"
    return "paused" if state.is_paused else "active"


@target_commands.command()
def add(
    name: _Name,
    *,
    python: Annotated[str | None, typer.Option(help="Its whole Python version.")] = None,
    position: Annotated[int | None, typer.Option(help="The lowest is probed first.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make wheels for a target from now on, of the most wanted projects first.

    `raspberry-pi` stands for all targets of the Pi family.
    """
    added = targets_named([name])
    if python is not None:
        added = (target_from_name(name, python_full=python),)
    arguments = {"name": name, "python": python, "position": position}
    with audited(opened(), "target add", arguments) as operation:
        for target in added:
            targets.add_target(operation.connection, target, position=position)
    if as_json and len(added) > 1:
        print_json({"targets": [{"target": one.name, "state": "active"} for one in added]})
        return
    for one in added:
        _tell(one.name, "active", as_json=as_json)


@target_commands.command()
def pause(name: _Name, *, as_json: AsJson = False) -> None:
    """Hand out no jobs of a target for now; builds that run go on."""
    _pause(name, is_paused=True, as_json=as_json)


@target_commands.command()
def resume(name: _Name, *, as_json: AsJson = False) -> None:
    """Hand out a paused target's jobs again."""
    _pause(name, is_paused=False, as_json=as_json)


def _pause(name: str, *, is_paused: bool, as_json: bool) -> None:
    command = "target pause" if is_paused else "target resume"
    with audited(opened(), command, {"name": name}) as operation:
        targets.pause_target(operation.connection, parse_target_name(name), is_paused=is_paused)
    _tell(name, "paused" if is_paused else "active", as_json=as_json)


@target_commands.command()
def retire(name: _Name, *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Make no more wheels for a target; its jobs are dropped, its wheels stay on the index."""
    context = opened()
    target = parse_target_name(name)
    if dry_run:
        with reading(context.engine) as connection:
            known = {state.target.name for state in targets.target_states(connection)}
            if target not in known:
                raise UnknownTarget(target, "`wheelyard target list` shows those that there are")
            dropped = sum(
                count.count
                for count in job_counts(connection)
                if count.target == target and count.state is not JobState.LEASED
            )
    else:
        with audited(context, "target retire", {"name": name}) as operation:
            dropped = targets.retire_target(operation.connection, target)
            operation.outcome = {"dropped_jobs": dropped}
    if as_json:
        print_json({"target": name, "retired": not dry_run, "dropped_jobs": dropped})
        return
    print_line(f"{name} {'would be' if dry_run else 'is'} retired; {dropped} jobs dropped.")


def _tell(name: str, state: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"target": name, "state": state})
    else:
        print_line(f"{name} is {state}.")


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard target`."""
    app.add_typer(target_commands, name="target")
