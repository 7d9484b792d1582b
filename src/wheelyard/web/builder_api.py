"""What builders call over HTTP.

docs/builder-api.md tells the story, `wheelyard.protocol` has the messages.
"""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from wheelyard.database import builders
from wheelyard.database.engine import writing
from wheelyard.database.leases import end_leases_of
from wheelyard.database.offers import save_offers
from wheelyard.errors import BadInput, Refused, UploadRefused
from wheelyard.model.builder import Builder
from wheelyard.model.names import TargetName
from wheelyard.protocol import (
    MAX_WHEELS,
    PART_BYTES,
    PREFIX,
    BuildLease,
    ClaimRequest,
    EnvironmentMessage,
    FilenameField,
    FinishReply,
    FinishRequest,
    Heartbeat,
    HeartbeatReply,
    Message,
    Problem,
    RegisterReply,
    RegisterRequest,
    Sha256Field,
    UploadState,
)
from wheelyard.queue import environments, leases
from wheelyard.queue.retrying import note_environments
from wheelyard.settings import LimitsSettings
from wheelyard.storage import uploads
from wheelyard.storage.store import Store
from wheelyard.storage.uploads import MAX_PARTS
from wheelyard.web.auth import CurrentBuilder
from wheelyard.web.state import AppState, app_state

_POLL_SECONDS = 0.25
_TOO_LARGE = 413

BuildId = Annotated[
    str, Path(pattern="^[0-9a-f]{32}$", description="The build's id, from its lease.")
]
UploadName = Annotated[FilenameField, Path(max_length=250, description="The wheel's filename.")]


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of which file is sent, and the SHA-256 of its bytes."""

    build_id: BuildId
    filename: UploadName
    number: Annotated[int, Path(ge=0, lt=MAX_PARTS, description="The part's number, from 0.")]
    wheelyard_sha256: Annotated[
        Sha256Field, Header(description="The SHA-256 of the body, in hexadecimal.")
    ]


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the errors that an end point may answer with, for the OpenAPI document."""
    return {
        status: {"model": Problem, "description": _MEANING[status]}
        for status in (400, 401, 413, 422, 500, 503, *statuses)
    }


_MEANING = {
    400: "The request is not HTTP or JSON that can be read.",
    401: "The token is missing, wrong, expired or revoked.",
    403: "The token does not let the builder do this.",
    404: "There is no such path.",
    409: "The lease has expired or belongs to another builder.",
    413: "The body or the upload is too large.",
    422: "The message is not valid, or the bytes are not those that were announced.",
    500: "A mistake of the server's.",
    503: "The database or the store cannot be used right now; try again after `Retry-After`.",
    507: "The store is full.",
}

router = APIRouter(prefix=PREFIX, tags=["builder"])


@router.post("/register", responses=_problems(403))
def register(request: Request, message: RegisterRequest, builder: CurrentBuilder) -> RegisterReply:
    """Introduce a builder that starts, and learn what it may build."""
    state = app_state(request)
    wanted = [TargetName(target) for target in message.targets]
    allowed = tuple(target for target in wanted if builder.may_build(target))
    if wanted and not allowed:
        raise Refused(", ".join(wanted), f"The token of {builder.name} is not for these targets")
    capabilities = message.model_dump(mode="json")
    with writing(state.engine) as connection:
        builders.touch_builder(
            connection, builder.id, at=state.clock.now(), capabilities=capabilities
        )
        given = [each.offer() for each in message.offers if each.target in allowed]
        save_offers(connection, builder.id, given)
        # A builder that starts works on nothing: what it held was lost with its last life.
        end_leases_of(connection, builder_id=builder.id, at=state.clock.now())
        digests = {TargetName(name): each for name, each in message.environments.items()}
        offered = {name: each for name, each in digests.items() if name in allowed}
        note_environments(connection, offered, at=state.clock.now())
    return RegisterReply(
        name=builder.name,
        targets=allowed,
        heartbeat_seconds=state.settings.queue.heartbeat.total_seconds(),
        wanted_environments=tuple(
            digest
            for digest in sorted(set(offered.values()))
            if not environments.is_known(state.store, digest, builder_id=builder.id)
        ),
    )


@router.put("/environments/{digest}", status_code=204, responses=_problems(507))
def tell_of_environment(
    request: Request,
    digest: Annotated[Sha256Field, Path(description="The digest of the manifest.")],
    message: EnvironmentMessage,
    builder: CurrentBuilder,
) -> None:
    """Tell what is in an environment that builds are made in: packages, libraries, symbols."""
    environments.keep(app_state(request).store, digest, message, builder=builder)


@router.post(
    "/claim",
    response_model=BuildLease,
    responses={204: {"description": "There is nothing to do."}, **_problems(403)},
)
async def claim(request: Request, message: ClaimRequest, builder: CurrentBuilder) -> Response:
    """Lease one job, waiting up to `wait_seconds` for one to turn up.

    The wait holds no thread: it sleeps between short looks into the queue, and ends when the
    builder hangs up or the server stops.
    """
    state = app_state(request)
    for target in message.targets:
        if not builder.may_build(TargetName(target)):
            raise Refused(target, f"The token of {builder.name} is not for this target")
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + message.wait_seconds
    while True:
        lease = await run_in_threadpool(_claim_now, state, builder, message)
        if lease is not None:
            return _json(lease)
        await asyncio.sleep(min(_POLL_SECONDS, max(give_up_at - loop.time(), 0)))
        is_over = loop.time() >= give_up_at or state.stopping.is_set()
        # Nobody would hear of a job that is leased to a builder that has hung up.
        if is_over or await request.is_disconnected():
            return Response(status_code=204)


def _claim_now(state: AppState, builder: Builder, message: ClaimRequest) -> BuildLease | None:
    return leases.claim(
        state.engine,
        clock=state.clock,
        settings=state.settings,
        index_url=state.index_url,
        builder=builder,
        request=message,
    )


@router.post("/builds/{build_id}/heartbeat", responses=_problems(404, 409))
def heartbeat(
    request: Request, build_id: BuildId, message: Heartbeat, builder: CurrentBuilder
) -> HeartbeatReply:
    """Renew the lease, tell the phase, and hand over the next piece of the log."""
    state = app_state(request)
    return leases.heartbeat(
        state.engine,
        clock=state.clock,
        settings=state.settings,
        builder=builder,
        build_id=build_id,
        heartbeat=message,
    )


@router.get("/builds/{build_id}/files/{filename}", responses=_problems(404, 409))
def upload_state(
    request: Request, build_id: BuildId, filename: UploadName, builder: CurrentBuilder
) -> UploadState:
    """Tell which parts of a file have arrived, so that an upload can be taken up again."""
    state = app_state(request)
    leases.check_lease(state.engine, clock=state.clock, builder=builder, build_id=build_id)
    return UploadState(parts=uploads.parts(state.store, build_id, filename))


@router.put(
    "/builds/{build_id}/files/{filename}/parts/{number}",  # noqa: FAST003 - they are in Part
    responses=_problems(404, 409, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": f"The part's bytes: {PART_BYTES}, or fewer in the last part.",
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def upload_part(
    request: Request, part: Annotated[Part, Depends()], builder: CurrentBuilder
) -> UploadState:
    """Send one part of a file; sending it again replaces it, so a doubtful part is sent twice."""
    state = app_state(request)
    await run_in_threadpool(
        leases.check_lease, state.engine, clock=state.clock, builder=builder, build_id=part.build_id
    )
    data = await _body(request, part.wheelyard_sha256)
    return await run_in_threadpool(_keep, state.store, part, data, state.settings.limits)


async def _body(request: Request, sha256: str) -> bytes:
    """Read a part; the guard has bounded it.

    Raises:
        UploadRefused: if the bytes are not those that were announced.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
    digest = hashlib.sha256(data).hexdigest()
    if not hmac.compare_digest(digest, sha256):
        raise UploadRefused(digest, f"The header Wheelyard-Sha256 says {sha256}")
    if not data:
        raise UploadRefused("an empty part", "A part has at least one byte")
    return bytes(data)


def _keep(store: Store, part: Part, data: bytes, limits: LimitsSettings) -> UploadState:
    """Keep a part, unless it would take the build's uploads over what a build may deliver.

    Raises:
        BadInput: if the build has delivered too many files already.
        HTTPException: with status 413, if all its files would be too large together.
    """
    there = uploads.uploaded(store, part.build_id)
    there.setdefault(part.filename, {})[part.number] = len(data)
    if len(there) > MAX_WHEELS:
        raise BadInput(part.filename, f"A build delivers at most {MAX_WHEELS} files")
    if sum(sum(parts.values()) for parts in there.values()) > limits.output_bytes:
        raise HTTPException(_TOO_LARGE)
    uploads.put_part(store, part.build_id, part.filename, part.number, data)
    return UploadState(parts=uploads.parts(store, part.build_id, part.filename))


@router.post(
    "/builds/{build_id}/finish",
    response_model=FinishReply,
    responses=_problems(404, 409, 507),
)
def finish(
    request: Request, build_id: BuildId, message: FinishRequest, builder: CurrentBuilder
) -> Response:
    """End a build with its wheels or its failure; saying it again gets the same answer."""
    state = app_state(request)
    reply = leases.finish(
        state.engine,
        store=state.store,
        clock=state.clock,
        settings=state.settings,
        builder=builder,
        build_id=build_id,
        report=message,
    )
    return _json(reply)


def _json(message: Message) -> Response:
    """Answer with a message that is valid already, so that nothing checks it once more."""
    return Response(message.model_dump_json(), media_type="application/json")
