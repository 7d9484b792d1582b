import gzip
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from fake_upstream import FakeUpstream, Fault
from wheelyard.client import http_client, read_limited, user_agent

SOON = timedelta(seconds=5)
CERTIFICATE = Path(__file__).parents[1] / "data" / "localhost.pem"


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        fake.add_project("demo")
        yield fake


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with http_client(contact="ops@example.org", timeout=SOON) as client:
        yield client


def test_the_client_says_who_it_is(fake: FakeUpstream, client: httpx2.Client) -> None:
    client.get(fake.url)
    (request,) = fake.seen("/simple/")
    assert request.headers["user-agent"] == user_agent("ops@example.org")


def test_a_user_agent_names_the_program_and_whom_to_ask() -> None:
    name, _, contact = user_agent("ops@example.org").partition(" ")
    assert name.startswith("wheelyard/")
    assert contact == "(+ops@example.org)"


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("a\r\nX-Evil: 1", "(+aX-Evil: 1)"),
        ("a) b (c \\", "(+a b c)"),
        ("J\xfcrgen \u2603", "(+Jrgen)"),
        ("x" * 500, f"(+{'x' * 200})"),
    ],
)
def test_a_contact_cannot_break_the_header(contact: str, expected: str) -> None:
    assert user_agent(contact).partition(" ")[2] == expected


def test_compressed_answers_are_asked_for(fake: FakeUpstream, client: httpx2.Client) -> None:
    client.get(fake.url)
    assert "gzip" in fake.seen("/simple/")[0].headers["accept-encoding"]


def test_redirects_are_followed(fake: FakeUpstream, client: httpx2.Client) -> None:
    assert client.get(f"{fake.root}/simple/Demo").url.path == "/simple/demo/"


def test_endless_redirects_are_given_up(fake: FakeUpstream, client: httpx2.Client) -> None:
    fake.fail("/simple/", Fault(redirect_to=fake.url))
    with pytest.raises(httpx2.TooManyRedirects):
        client.get(fake.url)
    assert len(fake.seen("/simple/")) == 6


@pytest.mark.parametrize("elsewhere", ["file:///etc/passwd", "ftp://example.invalid/x"])
def test_redirects_lead_to_the_web_only(
    fake: FakeUpstream, client: httpx2.Client, elsewhere: str
) -> None:
    fake.fail("/simple/", Fault(redirect_to=elsewhere))
    with pytest.raises(httpx2.UnsupportedProtocol):
        client.get(fake.url)


@pytest.fixture
def https_url() -> Iterator[str]:
    """A server whose certificate no system trusts: it signed itself."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hello)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response_only(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep standard error clean."""


def test_an_untrusted_certificate_is_refused(https_url: str, client: httpx2.Client) -> None:
    with pytest.raises(httpx2.ConnectError, match="self-signed certificate"):
        client.get(https_url)


def test_what_the_system_trusts_is_trusted(https_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with http_client(contact="ops@example.org", timeout=SOON) as client:
        assert client.get(https_url).status_code == 200


def test_a_body_within_the_limit_is_read_whole(fake: FakeUpstream, client: httpx2.Client) -> None:
    fake.fail("/simple/", Fault(body=b"x" * 1000))
    with client.stream("GET", fake.url) as response:
        assert read_limited(response, 1000) == b"x" * 1000


@pytest.mark.parametrize("without_length", [False, True])
def test_a_body_over_the_limit_is_given_up(
    fake: FakeUpstream, client: httpx2.Client, *, without_length: bool
) -> None:
    fake.fail("/simple/", Fault(body=b"x" * 1001, without_length=without_length))
    with client.stream("GET", fake.url) as response:
        assert read_limited(response, 1000) is None


def test_the_limit_holds_for_what_a_compressed_body_becomes() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    response = httpx2.Response(
        200,
        headers={"Content-Encoding": "gzip"},
        stream=httpx2.ByteStream(bomb),
        request=httpx2.Request("GET", "https://example.org/"),
    )
    assert len(bomb) < 100_000
    assert read_limited(response, 1_000_000) is None


def test_a_body_that_drips_is_given_up(fake: FakeUpstream, client: httpx2.Client) -> None:
    fake.fail("/simple/", Fault(body=b"x" * 10_000, bytes_per_pause=1, pause_seconds=0.01))
    with (
        client.stream("GET", fake.url) as response,
        pytest.raises(httpx2.ReadTimeout, match="too long"),
    ):
        read_limited(response, 10_000, within=timedelta(seconds=0.2))
