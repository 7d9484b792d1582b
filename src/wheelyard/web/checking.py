"""Checking files that people hand over: what of them has wheels. Nothing handed over is kept."""

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from wheelyard.checking.environment import marker_environment
from wheelyard.checking.reading import read_needs
from wheelyard.checking.report import Report, make_report, report_document
from wheelyard.checking.verdict import Outcome, judge_all, placed
from wheelyard.database.asked import known_projects, queue_places
from wheelyard.database.engine import reading
from wheelyard.database.targets import active_targets
from wheelyard.errors import BadInput, UnknownTarget, UploadRefused
from wheelyard.model.target import Target
from wheelyard.protocol import Problem
from wheelyard.web.problems import problem_response
from wheelyard.web.public_api import PREFIX, PROBLEMS
from wheelyard.web.public_models import CheckReply
from wheelyard.web.responses import LIVE_CACHING
from wheelyard.web.state import AppState, app_state

MAX_FILE_BYTES = 1024**2
"""How large a file may be that is handed over here."""

TOO_LARGE = (
    f"A file that is checked here has at most {MAX_FILE_BYTES} bytes; `wheelyard check` takes more,"
    " and a lock exported as requirements without hashes is small"
)
"""What is said of larger ones: locks of large projects are."""

BUSY = "Others have their files checked at this moment; try again in a few seconds"
RETRY = {"Retry-After": "5"}

_MAX_FILENAME = 250
_TOO_LARGE = 413
_UNAVAILABLE = 503
router = APIRouter(prefix=PREFIX, tags=["public"], responses=PROBLEMS)
_slots = threading.BoundedSemaphore(2)
"""Reading a large file takes seconds of a processor, which others need too."""


@router.post(
    "/check",
    response_model=CheckReply,
    responses={
        413: {"model": Problem, "description": "The file is too large."},
        503: {"model": Problem, "description": "Others have files checked; see `Retry-After`."},
    },
    openapi_extra={
        "requestBody": {
            "description": "The file as it is: requirements, a lock, pyproject.toml.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
async def check_file(
    request: Request,
    filename: Annotated[str, Query(description="Its name, which tells its form.")] = "",
    target: Annotated[
        str | None, Query(description="For which target; needed if there are several.")
    ] = None,
) -> Response:
    """Tell for each requirement of a file whether there is a wheel for a board."""
    try:
        data = await read_body(request.stream())
    except UploadRefused as error:
        return problem_response(
            request, _TOO_LARGE, error="UploadRefused", message=str(error.subject)
        )
    with slot() as is_free:
        if not is_free:
            return problem_response(
                request, _UNAVAILABLE, error="Unavailable", message=BUSY, headers=RETRY
            )
        report = await run_in_threadpool(
            check,
            app_state(request),
            data,
            filename=filename,
            target_name=target,
        )
    return JSONResponse(report_document(report), headers={"Cache-Control": LIVE_CACHING})


async def read_body(stream: AsyncIterator[bytes]) -> bytes:
    """Read what is handed over.

    Raises:
        UploadRefused: if it is too large.
    """
    data = bytearray()
    async for piece in stream:
        data += piece
        if len(data) > MAX_FILE_BYTES:
            raise UploadRefused(TOO_LARGE)
    return bytes(data)


@contextmanager
def slot() -> Iterator[bool]:
    """Take one of the few places for files that are checked at once; false if none is free."""
    is_free = _slots.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            _slots.release()


def check(state: AppState, data: bytes, *, filename: str, target_name: str | None) -> Report:
    """Check a file for a target by what the database knows; no other file is read.

    Raises:
        InvalidRequirements: if the file cannot be read.
        BadInput: if no target is named and there are several.
        UnknownTarget: if there is none of that name.
    """
    with reading(state.engine) as connection:
        target = _target(active_targets(connection), target_name)
    needs = read_needs(
        data, filename=filename[-_MAX_FILENAME:], environment=marker_environment(target)
    )
    with reading(state.engine) as connection:
        known = {
            project.name: project
            for project in known_projects(
                connection,
                {
                    need.name
                    for need in needs.needs
                    if need.name is not None and need.applies and need.source is None
                },
                target=target,
                follows_everything=state.settings.policy.follow == "everything",
            )
        }
        findings = judge_all(needs.needs, known, target)
        if any(finding.outcome is Outcome.BUILDING for finding in findings):
            places = queue_places(connection, target.name)
            findings = [
                one
                if one.need.name is None or one.version is None
                else placed(one, places.get((one.need.name, one.version)))
                for one in findings
            ]
    return make_report(needs, findings, target=target.name)


def _target(active: Sequence[Target], name: str | None) -> Target:
    """Return the active target of a name, or the only one."""
    names = ", ".join(target.name for target in active)
    if name is None:
        if len(active) == 1:
            return active[0]
        raise BadInput("no target", f"Name one of {names}")
    for target in active:
        if target.name == name:
            return target
    raise UnknownTarget(repr(name[:_MAX_FILENAME]), f"Those of this server are {names}")
