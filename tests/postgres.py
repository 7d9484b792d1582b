"""A throw-away PostgreSQL cluster, started by the tests and gone with them.

PostgreSQL refuses to run as root, so tests that root runs start it as an unprivileged user. The
server listens on a unix socket in its own folder only and syncs nothing to disk. It dies with the
tests even if they are killed.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

_FOLDERS = Path("/usr/lib/postgresql")
_REACHABLE = Path("/tmp")  # A socket's path is short, and every user must get there.
_USERS = ("postgres", "nobody")
_START_SECONDS = 300
_STOP_SECONDS = 20
_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "60",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}
_HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}
"""What makes tests fast, and would lose data if the machine stopped."""


class Cluster:
    """A PostgreSQL server of our own, which tests may stop and start."""

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        self.folder = folder
        self._settings = _OPTIONS if is_durable else _OPTIONS | _HASTY
        self._databases = itertools.count(1)
        self._server: subprocess.Popen[bytes] | None = None
        arguments = ["--username=tests", "--auth=trust", "--no-sync", "--encoding=UTF8"]
        subprocess.run(
            _as_plain_user([_program("initdb"), "-D", self._data, *arguments, "--no-locale"]),
            check=True,
            stdout=subprocess.DEVNULL,
        )

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                _as_plain_user(
                    [_program("postgres"), "-D", self._data, "-k", str(self.folder), *options]
                ),
                stdout=log,
                stderr=log,
            )
        give_up_at = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > give_up_at:
                self.stop()
                raise RuntimeError((self.folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=str(self.folder), user="tests", dbname="postgres", autocommit=True
        )

    def stop(self) -> None:
        """Stop the server at once, cutting its connections; nothing happens if it has ended."""
        server, self._server = self._server, None
        if server is None:
            return
        server.send_signal(signal.SIGINT)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def execute(self, statement: sql.Composed) -> None:
        """Run a statement in the maintenance database, outside any transaction."""
        with self._connect() as connection:
            connection.execute(statement)

    def url(self, database: str) -> str:
        """Return the URL of one of the cluster's databases."""
        return f"postgresql://tests@/{database}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Make a database, by default an empty one, and return its name."""
        name = f"tests_{next(self._databases)}"
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop(self, database: str) -> None:
        """Remove a database, cutting its connections."""
        self.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def cut_connections(self, database: str) -> None:
        """End every connection to a database, as an administrator or a crash would."""
        self.execute(
            sql.SQL(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
            ).format(sql.Literal(database))
        )


@contextmanager
def running_cluster(*, is_durable: bool = False) -> Iterator[Cluster]:
    """Start a cluster in a new folder, and stop and remove it in the end, whatever happens.

    One that `is_durable` has PostgreSQL's own settings, as an operator's has them.
    """
    folder = Path(tempfile.mkdtemp(prefix="wheelyard-pg-", dir=_REACHABLE))
    cluster = None
    try:
        if os.geteuid() == 0:
            user = _plain_user()
            os.chown(folder, user.pw_uid, user.pw_gid)
        cluster = Cluster(folder, is_durable=is_durable)
        cluster.start()
        yield cluster
    finally:
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(folder)


def _as_plain_user(arguments: list[str]) -> list[str]:
    """Return the arguments that run a program without root's rights, and let it die with us."""
    launcher = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:
        user = _plain_user()
        launcher += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*launcher, *arguments]


def _plain_user() -> pwd.struct_passwd:
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(f"PostgreSQL must not run as root, and there is no user of {_USERS}")


def _program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, of the newest version that is installed."""
    versions = sorted(
        (folder for folder in _FOLDERS.glob("*/bin") if (folder / name).is_file()),
        key=lambda folder: float(folder.parent.name),
    )
    if versions:
        return str(versions[-1] / name)
    found = shutil.which(name)
    if found is None:
        message = f"PostgreSQL's {name} is missing: install the Debian package postgresql"
        raise RuntimeError(message)
    return found
