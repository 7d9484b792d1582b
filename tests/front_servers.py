"""Real web servers in front of a yard: nginx and Caddy from Debian, as processes of the tests."""

import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2

from line import free_port
from serving import serving
from tls import Certificate
from yard import Yard

_PATIENCE = 300.0


@dataclass(frozen=True)
class Served:
    """A yard behind a web server: its address, and the log that the web server writes."""

    url: str
    log: Path
    certificate: Certificate | None = None


def program(name: str, folder: Path) -> Path:
    """Return a program of Debian's: the machine's own, or one that is unpacked into a folder."""
    there = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if there is not None:
        return Path(there)
    lists = folder / "lists" / "partial"
    lists.mkdir(parents=True)
    if not _apt("download", name, folder=folder):
        # A machine that never asked its archives knows no package.
        own = ("-o", f"Dir::State::lists={lists.parent}")
        assert _apt(*own, "update", folder=folder)
        assert _apt(*own, "download", name, folder=folder)
    (package,) = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    return next(
        folder / "root" / place / name
        for place in ("usr/sbin", "usr/bin")
        if (folder / "root" / place / name).exists()
    )


def _apt(*words: str, folder: Path) -> bool:
    """Run apt-get in a folder, and return whether it went well."""
    command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", *words]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 0


def configuration(
    yard: Yard, kind: str, *, process: str, listen: str, log: Path, bucket: str | None = None
) -> str:
    """Return what `wheelyard webserver-config` prints for a yard."""
    host, _, port = process.partition(":")
    settings = {
        "DATA": str(yard.folder),
        "DATABASE_URL": f"sqlite:///{yard.folder / 'yard.sqlite'}",
        "STORE_URL": f"file://{yard.folder / 'store'}",
        "HOST": host,
        "PORT": port,
        "UPSTREAM__URL": yard.state.index_url,
    }
    words = ["webserver-config", kind, "--listen", listen, "--log", str(log)]
    words += ["--bucket", bucket] if bucket else []
    done = subprocess.run(
        [sys.executable, "-m", "wheelyard", *words],
        env={**os.environ, **{f"WHEELYARD_{key}": value for key, value in settings.items()}},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@contextmanager
def behind_nginx(
    yard: Yard,
    nginx: Path,
    folder: Path,
    *,
    bucket: str | None = None,
    certificate: Certificate | None = None,
) -> Iterator[Served]:
    """Run nginx before a yard, over TLS with a certificate.

    With `bucket`, it reads objects there instead of in the folder.
    """
    folder.mkdir(parents=True)
    with serving(yard) as url:
        listen = f"127.0.0.1:{free_port()}"
        scheme = "https" if certificate else "http"
        served = Served(f"{scheme}://{listen}/", folder / "access.log", certificate)
        process = url.removeprefix("http://").rstrip("/")
        printed = configuration(
            yard, "nginx", process=process, listen=listen, log=served.log, bucket=bucket
        )
        if certificate is not None:
            printed = _with_tls(printed, certificate)
        (folder / "wheelyard.conf").write_text(printed, encoding="utf-8")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user}daemon off;\npid {folder / 'pid'};\nerror_log stderr;\nevents {{ }}\n"
            f"http {{\n{temporary}include {folder / 'wheelyard.conf'};\n}}\n",
            encoding="utf-8",
        )
        words = [str(nginx), "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", "stderr"]
        with _running(words, folder, served):
            yield served


def _with_tls(printed: str, certificate: Certificate) -> str:
    """Do to a configuration what its comments say about TLS."""
    for pattern, line in (
        (r"listen ([^;]*);\n(?=    server_name)", r"listen \1 ssl;\n"),
        (r"# (ssl_certificate) [^;]*;", rf"\1 {certificate.file};"),
        (r"# (ssl_certificate_key) [^;]*;", rf"\1 {certificate.key};"),
    ):
        printed, count = re.subn(pattern, line, printed)
        assert count == 1
    return printed


@contextmanager
def behind_caddy(yard: Yard, caddy: Path, folder: Path) -> Iterator[Served]:
    folder.mkdir(parents=True)
    with serving(yard) as url:
        listen = f"http://127.0.0.1:{free_port()}"
        served = Served(f"{listen}/", folder / "access.log")
        process = url.removeprefix("http://").rstrip("/")
        (folder / "Caddyfile").write_text(
            "{\n\tadmin off\n}\n"
            + configuration(yard, "caddy", process=process, listen=listen, log=served.log),
            encoding="utf-8",
        )
        words = [str(caddy), "run", "--config", str(folder / "Caddyfile")]
        with _running(words, folder, served):
            yield served


@contextmanager
def bucket_of(yard: Yard) -> Iterator[str]:
    """Let anybody read the objects of a yard's store below `/wheels/`, as public buckets do."""

    class Objects(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            key = path.partition("?")[0].removeprefix("/wheels/")
            return str(yard.folder / "store" / key)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Objects)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/wheels"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _running(words: Sequence[str], folder: Path, served: Served) -> Iterator[None]:
    """Run a web server until the end of the block, when it is asked to end and waited for."""
    output = folder / "output"
    places = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    with output.open("wb") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file, env={**os.environ, **places})
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _answers(served):
            assert process.poll() is None, output.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, output.read_text(encoding="utf-8")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _answers(served: Served) -> bool:
    try:
        trusted = served.certificate
        verify = ssl.create_default_context(cafile=trusted.file) if trusted else True
        return httpx2.get(f"{served.url}health", verify=verify).status_code == 200
    except httpx2.TransportError:
        return False
