"""How many project pages a second come out of our own process, out of nginx, and out of others.

python bench/pages.py

It takes wrk and nginx from the machine, and installs devpi-server and pypiserver from the
configured index into a folder that is thrown away.
"""

import base64
import hashlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from packaging.version import Version

from front_servers import behind_nginx
from ports import free_port
from wheels import make_wheel
from wheelyard.certify.inspection import read_metadata
from wheelyard.model.names import Filename, parse_project_name
from wheelyard.publish.simple import IndexFile, IndexPage, project_html, project_json
from wheelyard.storage.packing import put_page
from yard import Yard, make_yard

PROJECTS = 2000
FILES = 20
ROUNDS = 7
WHEELS = 40
FEWER_PROJECTS = 50
"""For servers that take long to be filled (devpi-server), or long to answer if they are full."""

_SECONDS = 2
_CONNECTIONS = 32
_START_SECONDS = 60.0
_JSON = "application/vnd.pypi.simple.v1+json"
_SCRIPT = """
local n = 0
request = function()
  n = (n + 7) % {count}
  return wrk.format("GET", "{before}project" .. n .. "/", {{
    ["Accept"] = "{accept}", ["Accept-Encoding"] = "identity",
    ["User-Agent"] = 'pip/26.0 {{"installer":{{"name":"pip","version":"26.0"}}}}'
  }})
end
"""


@dataclass(frozen=True)
class Served:
    """A server that runs: where its project pages are, and how many projects it has."""

    name: str
    url: str
    count: int = PROJECTS


@dataclass(frozen=True)
class Figures:
    """What was measured; all medians.

    `read`: pages a second by server. `installs`: seconds by installer and server. `written` and
    `plain`: pages a second that the publisher writes, and plain files with the same bytes.
    """

    read: dict[str, float]
    installs: dict[tuple[str, str], float]
    written: float
    plain: float


def measure() -> Figures:
    """Serve the same pages in every way, and ask all servers in turn."""
    missing = [name for name in ("wrk", "nginx") if not _program(name)]
    if missing:
        sys.exit(f"This measurement needs {' and '.join(missing)}: apt-get install them first")
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        yard = make_yard(folder / "yard")
        running.callback(yard.engine.dispose)
        pages = [_page(number) for number in range(PROJECTS)]
        seconds = _timed(lambda: _write(yard, pages))
        bodies = [project_json(page) for page in pages] + [project_html(page) for page in pages]
        plain = _timed(lambda: _write_plain(folder / "plain", bodies))
        venv = _others(folder / "venv")
        _write_wheels(yard, folder / "wheels")
        servers = [
            running.enter_context(_ours(yard)),
            running.enter_context(_bare_nginx(yard, folder / "bare", log="off")),
            running.enter_context(_bare_nginx(yard, folder / "logging", log="access.log")),
            Served("nginx, our configuration", _front(running, yard, folder)),
            running.enter_context(_devpi(venv, folder / "devpi")),
            running.enter_context(_pypiserver(venv, folder / "pypiserver")),
        ]
        rates: dict[str, list[float]] = {server.name: [] for server in servers}
        for _ in range(ROUNDS):
            for server in servers:
                rates[server.name].append(_rate(server, folder))
        installs = _installs(servers[:4], folder)
    return Figures(
        read={name: statistics.median(found) for name, found in rates.items()},
        installs=installs,
        written=len(bodies) / seconds,
        plain=len(bodies) / plain,
    )


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _page(number: int) -> IndexPage:
    name = parse_project_name(f"project{number}")
    files = []
    for release in range(FILES):
        digest = hashlib.sha256(f"{number}/{release}".encode()).hexdigest()
        filename = Filename(f"{name}-1.{release}-cp311-cp311-linux_armv7l.whl")
        folder = f"{digest[:2]}/{digest[2:4]}/{digest[4:]}"
        files.append(
            IndexFile(
                filename=filename,
                url=f"../../packages/{folder}/{filename}",
                version=Version(f"1.{release}"),
                hashes={"sha256": digest},
                size=123_456,
                uploaded_at=datetime(2026, 1, 1, tzinfo=UTC),
                requires_python=">=3.8",
                core_metadata={"sha256": digest},
            )
        )
    return IndexPage(name=name, serial=number, files=tuple(files))


def _write(yard: Yard, pages: Sequence[IndexPage]) -> None:
    """Write pages as the publisher does: JSON and HTML, each plain, with zstd and with gzip."""
    for page in pages:
        put_page(yard.store, f"simple/{page.name}/index.json", project_json(page))
        put_page(yard.store, f"simple/{page.name}/index.html", project_html(page))


def _write_plain(folder: Path, bodies: Sequence[bytes]) -> None:
    """Write the same pages as plain files, each flushed to the disk as ours are."""
    folder.mkdir()
    for number, body in enumerate(bodies):
        with (folder / str(number)).open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())


def _write_wheels(yard: Yard, folder: Path) -> None:
    """Put real wheels into the store, each with its page."""
    folder.mkdir()
    for number in range(WHEELS):
        name = parse_project_name(f"tree{number}")
        made = make_wheel(folder, name=name, tags=("py3-none-any",), files=_modules(name))
        data = made.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        path = f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{made.name}"
        yard.store.put(path, data)
        metadata = read_metadata(made)
        yard.store.put(f"{path}.metadata", metadata)
        file = IndexFile(
            filename=Filename(made.name),
            url=f"../../{path}",
            version=Version("1.0"),
            hashes={"sha256": digest},
            size=len(data),
            core_metadata={"sha256": hashlib.sha256(metadata).hexdigest()},
        )
        _write(yard, [IndexPage(name=name, serial=number, files=(file,))])


def _modules(name: str) -> dict[str, bytes]:
    """Return files that do not compress, 100 kB in all."""
    return {f"{name}/data{part}.bin": os.urandom(20_000) for part in range(5)}


def _installs(servers: Sequence[Served], folder: Path) -> dict[tuple[str, str], float]:
    """Time `uv pip install` and `pip download` of all the wheels, without caches, in turn."""
    names = [f"tree{number}" for number in range(WHEELS)]
    seconds: dict[tuple[str, str], list[float]] = {}
    for turn in range(ROUNDS):
        for server in servers:
            for tool in ("uv pip install", "pip download"):
                target = folder / f"{tool}-{server.name}-{turn}".replace(" ", "-")
                words = _install_words(tool, target)
                command = [sys.executable, "-m", *words, "--index-url", server.url, *names]
                start = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True, env=_bare_environment())
                seconds.setdefault((tool, server.name), []).append(time.perf_counter() - start)
                shutil.rmtree(target)
    return {what: statistics.median(found) for what, found in seconds.items()}


def _install_words(tool: str, target: Path) -> list[str]:
    if tool == "pip download":
        return ["pip", "download", "--no-cache-dir", "--dest", str(target)]
    return ["uv", "pip", "install", "--no-cache", "--no-config", "--target", str(target)]


def _bare_environment() -> dict[str, str]:
    """Return the environment without the index that this machine is configured for."""
    mine = {key: value for key, value in os.environ.items() if key[:4] not in ("PIP_", "UV_I")}
    return mine | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _others(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "devpi-server", "pypiserver[cache]"], check=True)
    return folder / "bin"


@contextmanager
def _process(
    words: Sequence[str | Path], url: str, *, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """Run a server until the end of the block; it is there when it answers anything."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            words, stdout=output, stderr=output, env={**os.environ, **(environment or {})}
        )
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not _answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    output.seek(0)
                    sys.exit(f"{words[0]} does not answer:\n{output.read().decode()}")
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait()


def _answers(url: str) -> bool:
    try:
        httpx2.get(url)
    except httpx2.TransportError:
        return False
    return True


@contextmanager
def _ours(yard: Yard) -> Iterator[Served]:
    port = free_port()
    environment = {
        "WHEELYARD_DATA": str(yard.folder),
        "WHEELYARD_DATABASE_URL": f"sqlite:///{yard.folder / 'yard.sqlite'}",
        "WHEELYARD_STORE_URL": f"file://{yard.folder / 'store'}",
        "WHEELYARD_PORT": str(port),
    }
    url = f"http://127.0.0.1:{port}/"
    with _process([sys.executable, "-m", "wheelyard", "web"], url, environment=environment):
        yield Served("our own process", f"{url}simple/")


@contextmanager
def _bare_nginx(yard: Yard, folder: Path, *, log: str) -> Iterator[Served]:
    """Run nginx on the same files, with nothing but what it takes to send the JSON form."""
    folder.mkdir()
    url = f"http://127.0.0.1:{free_port()}/"
    place = "off" if log == "off" else folder / log
    user = "user root; " if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; pid {folder / 'pid'}; error_log stderr; events {{ }}\n"
        f"http {{ access_log {place}; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
        f"types {{ {_JSON} json; }}\n"
        f"server {{ listen {url[7:-1]}; root {yard.folder / 'store'}; index index.json; }} }}\n",
        encoding="utf-8",
    )
    nginx = str(_program("nginx"))
    with _process([nginx, "-c", folder / "nginx.conf", "-p", folder, "-e", "stderr"], url):
        how = "no log" if log == "off" else "its own log"
        yield Served(f"nginx, bare files, {how}", f"{url}simple/")


def _front(running: ExitStack, yard: Yard, folder: Path) -> str:
    front = behind_nginx(yard, Path(str(_program("nginx"))), folder / "front")
    return f"{running.enter_context(front).url}simple/"


@contextmanager
def _devpi(programs: Path, folder: Path) -> Iterator[Served]:
    """Run devpi-server with an index of uploaded files."""
    subprocess.run(
        [programs / "devpi-init", "--serverdir", folder, "--no-root-pypi"],
        check=True,
        capture_output=True,
    )
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    words: list[str | Path] = [
        programs / "devpi-server",
        "--serverdir",
        folder,
        "--port",
        str(port),
    ]
    with _process(words, url), httpx2.Client(base_url=url, timeout=60) as client:
        login = client.post("/+login", json={"user": "root", "password": ""}).json()
        secret = base64.b64encode(f"root:{login['result']['password']}".encode()).decode()
        client.headers["X-Devpi-Auth"] = secret
        client.put("/root/bench", json={"bases": [], "volatile": True}).raise_for_status()
        for number in range(FEWER_PROJECTS):
            for release in range(FILES):
                name, version = f"project{number}", f"1.{release}"
                filename = f"{name}-{version}-cp311-cp311-linux_armv7l.whl"
                form = {":action": "file_upload", "name": name, "version": version}
                content = {"content": (filename, filename.encode())}
                client.post("/root/bench/", data=form, files=content).raise_for_status()
        yield Served("devpi-server", f"{url}root/bench/+simple/", FEWER_PROJECTS)


@contextmanager
def _pypiserver(programs: Path, folder: Path) -> Iterator[Served]:
    folder.mkdir()
    for number in range(FEWER_PROJECTS):
        for release in range(FILES):
            (folder / f"project{number}-1.{release}-cp311-cp311-linux_armv7l.whl").touch()
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    words: list[str | Path] = [programs / "pypi-server", "run", "-i", "127.0.0.1", "-p", str(port)]
    with _process([*words, "--disable-fallback", "--backend", "cached-dir", folder], url):
        yield Served("pypiserver", f"{url}simple/", FEWER_PROJECTS)


def _rate(server: Served, folder: Path) -> float:
    script = folder / "ask.lua"
    before = "/" + server.url.split("/", 3)[3]
    script.write_text(
        _SCRIPT.format(count=server.count, before=before, accept=_JSON), encoding="utf-8"
    )
    words = [str(_program("wrk")), "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}", "-s", str(script)]
    done = subprocess.run([*words, server.url], check=True, capture_output=True, text=True)
    if "Non-2xx" in done.stdout:
        sys.exit(f"{server.name} refuses:\n{done.stdout}")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    assert found is not None
    return float(found[1])


def main() -> None:
    """Measure, and print what was found."""
    figures = measure()
    for name, rate in figures.read.items():
        print(f"{name}: {rate:.0f} pages/s")
    for (tool, name), seconds in figures.installs.items():
        print(f"{tool} from {name}: {seconds:.2f} s")
    print(f"written: {figures.written:.0f} pages/s; plain files: {figures.plain:.0f}/s")


if __name__ == "__main__":
    main()
