"""The web application: the index, pages for people, and the builders' interface."""

from importlib.metadata import version

from fastapi import FastAPI

from wheelyard.clock import Clock
from wheelyard.context import own_requests
from wheelyard.database.engine import Engine
from wheelyard.settings import Settings
from wheelyard.storage.store import Store
from wheelyard.web import (
    api_page,
    asking,
    badges,
    build_pages,
    builder_api,
    changes,
    check_page,
    checking,
    clients_page,
    crawlers,
    feeds,
    health,
    json_api,
    packages,
    problems,
    public_api,
    public_projects,
    queue_pages,
    search_page,
    simple_pages,
    site_pages,
    version_pages,
)
from wheelyard.web.allowance import Allowance
from wheelyard.web.channels import ActiveChannels
from wheelyard.web.guard import Guard
from wheelyard.web.page_memory import PageMemory, Remembering
from wheelyard.web.request_log import Noting, RequestLog
from wheelyard.web.state import AppState

_DESCRIPTION = """Below `/api/v1/` is what everybody may read, below `/api/builder/v1/` what
builders say to the server, with a token as `Authorization: Bearer <token>`. Every error is a
`Problem` with a stable label."""


def create_app(
    *, engine: Engine, store: Store, settings: Settings, clock: Clock, index_url: str
) -> FastAPI:
    """Put the application together; it opens nothing itself.

    `index_url` is the simple index that builders take build requirements from.
    """
    app = FastAPI(
        title="wheelyard",
        version=version("wheelyard"),
        description=_DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Finding out anew that nobody collects them takes longer than a remembered answer.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    memory = PageMemory(store)
    own = settings.downloads.own
    request_log = RequestLog(own_requests(settings), clock=clock) if own else None
    app.state.wheelyard = AppState(
        engine=engine,
        store=store,
        settings=settings,
        clock=clock,
        index_url=index_url,
        channels=ActiveChannels(engine),
        memory=memory,
        request_log=request_log,
        requests=Allowance(settings.site.requests_per_hour),
    )
    app.include_router(builder_api.router)
    app.include_router(public_api.router)
    app.include_router(public_projects.router)
    app.include_router(checking.router)
    app.router.routes.extend(
        [
            *api_page.ROUTES,
            *asking.ROUTES,
            *badges.ROUTES,
            *build_pages.ROUTES,
            *changes.ROUTES,
            *check_page.ROUTES,
            *clients_page.ROUTES,
            *crawlers.ROUTES,
            *feeds.ROUTES,
            *health.ROUTES,
            *json_api.ROUTES,
            *packages.ROUTES,
            *queue_pages.ROUTES,
            *version_pages.ROUTES,
            *site_pages.ROUTES,
            *search_page.ROUTES,
            *simple_pages.ROUTES,
        ]
    )
    problems.install(app)
    app.add_middleware(Guard)
    app.add_middleware(Remembering, memory=memory)
    if request_log is not None:
        app.add_middleware(Noting, request_log=request_log)
    return app
