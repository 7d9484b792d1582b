"""`wheelyard verify`: whether a wheel is what a server has built and signed."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import httpx2
import typer

from wheelyard.cli.output import AsJson, print_json, print_line
from wheelyard.client import http_client, read_limited
from wheelyard.errors import BadInput, LibraryMissing, NotFound, ServerUnavailable
from wheelyard.model.names import Sha256

if TYPE_CHECKING:
    from wheelyard.provenance.verification import Verified

_TIMEOUT = timedelta(seconds=30)
_LARGEST_WHEEL = 4 * 1024**3
_LARGEST_DOCUMENT = 1024**2
_SUFFIX = ".provenance"
_OK = 200
_MISSING = 404


class _Material(NamedTuple):
    """What a check needs: the file's name and digest, what is said of it, and public keys."""

    filename: str
    sha256: Sha256
    envelope: bytes
    keys: bytes


def verify(
    file: Annotated[str, typer.Argument(help="A wheel, or the URL of one.")],
    *,
    key: Annotated[
        Path | None,
        typer.Option(help="The server's public key in PEM, or its keys.json."),
    ] = None,
    provenance: Annotated[
        Path | None, typer.Option(help="The signed statement; by default it lies beside the wheel.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a wheel against the statement that its server has signed.

    Nobody is asked about a file. Of a URL everything is fetched that is not given; keys that come
    from the same server as the wheel prove only that the server agrees with itself.
    """
    if file.startswith(("http://", "https://")):
        material = _fetched(file, key, provenance)
    else:
        material = _at_hand(Path(file), key, provenance)
    verified = _check(material)
    if as_json:
        print_json(verified)
        return
    print_line(f"{verified.filename} is what was built and signed.")
    for name, value in _told(verified).items():
        print_line(f"  {name:<12} {value}")


def _check(material: _Material) -> "Verified":
    try:
        from wheelyard.provenance.keys import read_public_keys  # noqa: PLC0415 - boards lack it
        from wheelyard.provenance.verification import verify as check  # noqa: PLC0415 - as above
    except ImportError:
        raise LibraryMissing(
            "cryptography", "Signatures need it: pip install 'wheelyard[verify]'"
        ) from None
    return check(
        filename=material.filename,
        sha256=material.sha256,
        envelope=material.envelope,
        keys=read_public_keys(material.keys),
    )


def _told(verified: "Verified") -> dict[str, object]:
    """Return what the statement says, for people; a server may leave out anything."""
    predicate = verified.statement.get("predicate")
    definition = _part(predicate, "buildDefinition")
    given = _part(definition, "externalParameters")
    within = _part(definition, "internalParameters")
    run = _part(predicate, "runDetails")
    sources = definition.get("resolvedDependencies")
    source = _part({"": sources[0] if isinstance(sources, list) and sources else None}, "")
    return {
        "SHA-256": verified.sha256,
        "project": f"{given.get('project')} {given.get('version')}",
        "target": given.get("target"),
        "source": source.get("uri"),
        "its SHA-256": _part(source, "digest").get("sha256"),
        "environment": json.dumps(within.get("environment")),
        "recipe": _part(within, "recipe").get("sha256"),
        "builder": _part(run, "builder").get("id"),
        "build": _part(run, "metadata").get("invocationId"),
        "signed by": verified.key_id,
    }


def _part(document: object, key: str) -> dict[str, object]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def _at_hand(file: Path, key: Path | None, provenance: Path | None) -> _Material:
    if key is None:
        raise BadInput(file, "Give the server's public key with --key: /provenance/keys.json there")
    beside = provenance or file.with_name(file.name + _SUFFIX)
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise NotFound(file, str(error.strerror)) from None
    return _Material(file.name, Sha256(digest), _read(beside), _read(key))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST_DOCUMENT)
    except OSError as error:
        raise NotFound(file, str(error.strerror)) from None


def _fetched(url: str, key: Path | None, provenance: Path | None) -> _Material:
    url = urldefrag(url).url
    root, found, _ = url.rpartition("/packages/")
    if not found and key is None:
        raise BadInput(url, "Give the server's public key with --key")
    with http_client(contact="verify", timeout=_TIMEOUT) as client:
        try:
            return _Material(
                unquote(urlsplit(url).path.rpartition("/")[2]),
                _digest(client, url),
                _read(provenance) if provenance else _get(client, url + _SUFFIX),
                _read(key) if key else _get(client, urljoin(root + "/", "provenance/keys.json")),
            )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ServerUnavailable(url, str(error)) from None


def _digest(client: httpx2.Client, url: str) -> Sha256:
    digest, size = hashlib.sha256(), 0
    with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer:
        _refuse(url, answer)
        for piece in answer.iter_bytes():
            digest.update(piece)
            size += len(piece)
            if size > _LARGEST_WHEEL:
                raise BadInput(url, f"It has more than {_LARGEST_WHEEL} bytes")
    return Sha256(digest.hexdigest())


def _get(client: httpx2.Client, url: str) -> bytes:
    with client.stream("GET", url) as answer:
        _refuse(url, answer)
        body = read_limited(answer, _LARGEST_DOCUMENT)
    if body is None:
        raise BadInput(url, f"It has more than {_LARGEST_DOCUMENT} bytes")
    return body


def _refuse(url: str, answer: httpx2.Response) -> None:
    if answer.status_code == _MISSING:
        raise NotFound(url, "The server has no such thing")
    if answer.status_code != _OK:
        raise ServerUnavailable(url, f"It answers with status {answer.status_code}")


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard verify`."""
    app.command()(verify)
