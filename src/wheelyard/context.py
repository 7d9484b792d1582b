"""What a server program works with: settings, database, store and clock, opened together."""

from dataclasses import dataclass
from pathlib import Path

from wheelyard.clock import Clock, SystemClock
from wheelyard.database.engine import Engine, connect
from wheelyard.settings import Settings
from wheelyard.storage.objects import open_store
from wheelyard.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The parts that every server program needs."""

    settings: Settings
    engine: Engine
    store: Store
    clock: Clock


def open_context(settings: Settings) -> Context:
    """Open the database and the store that the settings name.

    Raises:
        DatabaseUnavailable: if the database cannot be opened.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    return Context(
        settings=settings,
        engine=connect(database_url(settings)),
        store=open_store(store_url(settings)),
        clock=SystemClock(),
    )


def database_url(settings: Settings) -> str:
    """Return the database's URL, by default an SQLite file in the data folder."""
    return settings.database_url or f"sqlite:///{settings.data.absolute() / 'wheelyard.sqlite'}"


def own_requests(settings: Settings) -> Path:
    """Return the folder where web processes write down requests until they are counted."""
    return settings.data.absolute() / "requests"


def store_url(settings: Settings) -> str:
    """Return the store's URL, by default a folder in the data folder."""
    return settings.store_url or f"file://{settings.data.absolute() / 'store'}"
