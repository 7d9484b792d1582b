"""Databases with all tables and no rows; they are migrated once, and copied for each test."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from wheelyard.database import migrate
from wheelyard.database.engine import connect


def migrated_database(file: Path) -> Path:
    """Write an SQLite database with the newest schema into a file, and return the file."""
    file.write_bytes(_empty())
    return file


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite"
        engine = connect(f"sqlite:///{file}")
        migrate.upgrade(engine)
        engine.dispose()
        return file.read_bytes()
