"""The part of `wheelyard certify` that checks wheels which are on the index."""

from wheelyard.cli.certify import Found
from wheelyard.cli.operation import audited, opened
from wheelyard.context import Context
from wheelyard.database.engine import reading
from wheelyard.database.projects import project_overview
from wheelyard.database.wheels import uncertified_wheels, wheels_of_project
from wheelyard.errors import UnknownProject
from wheelyard.model.names import TargetName, parse_project_name
from wheelyard.model.wheel import Wheel, WheelState
from wheelyard.queue.recertify import certify_again

_AT_ONCE = 1000
"""So many wheels without a certificate are checked by one command; the next takes the next."""


def certify_stored(what: str | None, *, target: TargetName | None) -> list[Found]:
    """Check the published wheels of a project, or a thousand that have no certificate yet.

    Raises:
        UnknownProject: if nobody ever asked for the project.
    """
    context = opened()
    limits = context.settings.limits.limits()
    found = []
    for wheel in _chosen(context, what, target):
        certificate = certify_again(
            context.engine, context.store, wheel, clock=context.clock, limits=limits
        )
        found.append(
            Found(filename=wheel.file.filename, target=wheel.target, certificate=certificate)
        )
    if found:
        with audited(context, "certify", {"project": what, "target": target}) as operation:
            failed = [one.filename for one in found if not one.certificate.is_passed]
            operation.outcome = {"wheels": len(found), "failed": failed[:20]}
    return found


def _chosen(context: Context, what: str | None, target: TargetName | None) -> list[Wheel]:
    with reading(context.engine) as connection:
        if what is None:
            return uncertified_wheels(connection, target=target, limit=_AT_ONCE)
        project = parse_project_name(what)
        if project_overview(connection, project) is None:
            raise UnknownProject(project, "Nobody has asked for it here")
        wheels = wheels_of_project(connection, project)
    published = [wheel for wheel in wheels if wheel.state is WheelState.PUBLISHED]
    return [wheel for wheel in published if target in {None, wheel.target}]
