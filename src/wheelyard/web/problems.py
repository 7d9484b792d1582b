"""Errors as answers: JSON `Problem`s for builders, a line of plain text for everybody else."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from wheelyard.errors import (
    AskedTooOften,
    BadInput,
    DatabaseUnavailable,
    LeaseLost,
    NotFound,
    Refused,
    StoreFull,
    Unauthorized,
    Unavailable,
    UploadRefused,
    WheelyardError,
)
from wheelyard.log import get_logger
from wheelyard.protocol import Problem
from wheelyard.web.missing import missing_page, wants_page

API = "/api/"
"""Below this, errors are JSON."""

_RETRY_AFTER_SECONDS = 5
_AN_HOUR_SECONDS = 3600
_MAX_MESSAGE = 2000
_log = get_logger("web")

# The first that fits counts, so that an error stands before the one that it is a kind of.
_STATUSES: tuple[tuple[type[WheelyardError], HTTPStatus], ...] = (
    (Unauthorized, HTTPStatus.UNAUTHORIZED),
    (LeaseLost, HTTPStatus.CONFLICT),
    (AskedTooOften, HTTPStatus.TOO_MANY_REQUESTS),
    (UploadRefused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Refused, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (BadInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (StoreFull, HTTPStatus.INSUFFICIENT_STORAGE),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)


def install(app: FastAPI) -> None:
    """Let the application answer errors in our way."""
    app.add_exception_handler(WheelyardError, _on_wheelyard_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected_error)


def problem_response(
    request: Request,
    status: int,
    *,
    error: str,
    message: str,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return an error's answer in the form that suits the path."""
    if request.url.path.startswith(API):
        problem = Problem(error=error, message=message[:_MAX_MESSAGE])
        return JSONResponse(problem.model_dump(), status_code=status, headers=headers)
    return PlainTextResponse(f"{message}\n", status_code=status, headers=headers)


def _on_wheelyard_error(request: Request, error: Exception) -> Response:
    status = next(
        (status for kind, status in _STATUSES if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return _on_unexpected_error(request, error)
    headers = {}
    message = str(error)
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE}:
        _log.warning("unavailable", path=request.url.path, error=message)
        headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
        # Where the database and the store are is nobody's business.
        part = "The database" if isinstance(error, DatabaseUnavailable) else "The store"
        message = f"{part} cannot be used right now; try again"
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = str(_AN_HOUR_SECONDS)
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(
        request, status, error=type(error).__name__, message=message, headers=headers
    )


def _on_validation_error(request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    message = "; ".join(
        f"{'.'.join(map(str, item.get('loc', ())))}: {item.get('msg', '')}" for item in wrong
    )
    return problem_response(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        error=BadInput.__name__,
        message=message.encode("utf-8", "replace").decode(),
    )


def _on_http_exception(request: Request, error: Exception) -> Response:
    status, headers = HTTPStatus.INTERNAL_SERVER_ERROR, None
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        headers = None if error.headers is None else dict(error.headers)
    if status is HTTPStatus.NOT_FOUND and wants_page(request):
        return missing_page(request, request.url.path.strip("/").rpartition("/")[2])
    return problem_response(
        request,
        status,
        error=_label(status),
        message=status.phrase,
        headers=headers,
    )


def _on_unexpected_error(request: Request, error: Exception) -> Response:
    """Answer without telling what is inside; the log has it."""
    _log.error("request-failed", path=request.url.path, exc_info=error)
    return problem_response(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        error="InternalError",
        message="Something went wrong in the server; its log says what",
    )


def _label(status: HTTPStatus) -> str:
    match status:
        case HTTPStatus.NOT_FOUND:
            return NotFound.__name__
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return UploadRefused.__name__
        case _:
            return BadInput.__name__
