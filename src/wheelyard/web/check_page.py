"""The page where a file can be dropped or pasted, and what was found about it."""

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.checking.report import WORDS, Report
from wheelyard.database.engine import reading
from wheelyard.database.targets import active_targets
from wheelyard.errors import BadInput, NotFound
from wheelyard.render import render
from wheelyard.web.checking import BUSY, MAX_FILE_BYTES, RETRY, TOO_LARGE, check, slot
from wheelyard.web.responses import moved, passing_page
from wheelyard.web.state import AppState, app_state

_OK = 200
_UNPROCESSABLE = 422
_UNAVAILABLE = 503


def check_form(request: Request) -> Response:
    """Answer for `/check`: the form."""
    if request.url.path.endswith("/"):
        return moved(request, "check")
    return _page(request, app_state(request))


async def checked(request: Request) -> Response:
    """Answer for `POST /check`: what was found, above the form for the next file."""
    state = app_state(request)
    async with request.form(max_files=1, max_fields=5, max_part_size=MAX_FILE_BYTES) as form:
        data, filename = await _handed_over(form)
        target = str(form.get("target") or "")
    with slot() as is_free:
        return await run_in_threadpool(
            _answer,
            request,
            state,
            data=data,
            filename=filename,
            target=target,
            is_free=is_free,
        )


async def _handed_over(form: FormData) -> tuple[bytes, str]:
    """Return the file that was chosen with its name, or else the text that was pasted."""
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        return await file.read(MAX_FILE_BYTES + 1), file.filename
    return str(form.get("text") or "").encode("utf-8", "replace"), ""


def _answer(  # noqa: PLR0913 - what was handed over
    request: Request, state: AppState, *, data: bytes, filename: str, target: str, is_free: bool
) -> Response:
    # Who pasted something may mend it and try again; a file is at hand anyway.
    text = "" if filename else data.decode()
    if not is_free:
        return _page(request, state, target=target, text=text, error=BUSY, status=_UNAVAILABLE)
    error = None
    if not data.strip():
        error = "Choose a file, or paste what is in it."
    elif len(data) > MAX_FILE_BYTES:
        error = TOO_LARGE
    else:
        try:
            report = check(state, data, filename=filename, target_name=target or None)
            return _page(request, state, target=target, report=report)
        except (BadInput, NotFound) as refused:
            error = str(refused)
    return _page(request, state, target=target, text=text, error=error, status=_UNPROCESSABLE)


def _page(  # noqa: PLR0913 - what the page shows
    request: Request,
    state: AppState,
    *,
    target: str = "",
    text: str = "",
    report: Report | None = None,
    error: str | None = None,
    status: int = _OK,
) -> Response:
    with reading(state.engine) as connection:
        targets = active_targets(connection)
    body = render(
        "check.html",
        root="",
        server_url=state.settings.server_url,
        targets=targets,
        chosen=target,
        text=text,
        report=report,
        error=error,
        words=WORDS,
    )
    headers = RETRY if status == _UNAVAILABLE else None
    return passing_page(request, body, status=status, headers=headers)


ROUTES = [
    Route("/check", check_form, methods=["GET", "HEAD"]),
    Route("/check/", check_form, methods=["GET", "HEAD"]),
    Route("/check", checked, methods=["POST"]),
]
"""The routes of the page."""
