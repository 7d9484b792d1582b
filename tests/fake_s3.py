"""A small server that speaks the part of S3's protocol that a store needs, on a real socket."""

import hashlib
import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from obstore.store import S3Store


class FakeS3:
    """Buckets in memory. `full` makes it refuse new bytes as a full server does."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.lock = threading.Lock()
        self.full = False

        class Handler(_Handler):
            fake = self

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def backend(self, prefix: str) -> S3Store:
        """Return obstore's client of this server, below a prefix."""
        return S3Store(
            "bucket",
            prefix=prefix,
            endpoint=f"http://127.0.0.1:{self._server.server_port}",
            region="nowhere",
            skip_signature=True,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeS3

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep quiet."""

    def do_PUT(self) -> None:
        key, query, body = self._request()
        if self.fake.full:
            self._answer(507, _error("XMinioStorageFull"))
            return
        with self.fake.lock:
            if "uploadId" in query:
                self.fake.uploads[query["uploadId"]][int(query["partNumber"])] = body
            else:
                self.fake.objects[key] = (body, datetime.now(UTC))
        self._answer(200, headers={"ETag": _etag(body)})

    def do_POST(self) -> None:
        key, query, body = self._request()
        with self.fake.lock:
            if "uploads" in query:
                upload = f"upload{len(self.fake.uploads)}"
                self.fake.uploads[upload] = {}
                self._answer(200, _xml("InitiateMultipartUploadResult", UploadId=upload))
            elif "uploadId" in query:
                upload_parts = self.fake.uploads.pop(query["uploadId"])
                data = b"".join(upload_parts[number] for number in sorted(upload_parts))
                self.fake.objects[key] = (data, datetime.now(UTC))
                self._answer(200, _xml("CompleteMultipartUploadResult", ETag=_etag(data)))
            else:
                result = Element("DeleteResult")
                for found in fromstring(body).iter():
                    if found.tag.endswith("Key"):
                        self.fake.objects.pop(f"bucket/{found.text}", None)
                        SubElement(SubElement(result, "Deleted"), "Key").text = found.text
                self._answer(200, tostring(result))

    def do_GET(self) -> None:
        key, query, _ = self._request()
        if "list-type" in query:
            self._list(query.get("prefix", ""))
            return
        with self.fake.lock:
            found = self.fake.objects.get(key)
        if found is None:
            self._answer(404, _error("NoSuchKey"))
            return
        data, modified = found
        headers = {"ETag": _etag(data), "Last-Modified": format_datetime(modified, usegmt=True)}
        wanted = self.headers.get("Range")
        if wanted is None:
            self._answer(200, data, headers)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last) + 1 if last else len(data), len(data))
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
        self._answer(206, data[start:end], headers)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        key, query, _ = self._request()
        with self.fake.lock:
            if "uploadId" in query:
                self.fake.uploads.pop(query["uploadId"], None)
            else:
                self.fake.objects.pop(key, None)
        self._answer(204)

    def _list(self, prefix: str) -> None:
        result = Element("ListBucketResult")
        SubElement(result, "IsTruncated").text = "false"
        with self.fake.lock:
            for key, (data, modified) in sorted(self.fake.objects.items()):
                name = key.removeprefix("bucket/")
                if name.startswith(prefix):
                    item = SubElement(result, "Contents")
                    SubElement(item, "Key").text = name
                    SubElement(item, "Size").text = str(len(data))
                    SubElement(item, "LastModified").text = modified.isoformat()
                    SubElement(item, "ETag").text = _etag(data)
        self._answer(200, tostring(result))

    def _request(self) -> tuple[str, dict[str, str], bytes]:
        parts = urlsplit(self.path)
        query = {
            name: values[0]
            for name, values in parse_qs(parts.query, keep_blank_values=True).items()
        }
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return unquote(parts.path).strip("/"), query, body

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _xml(name: str, **fields: str) -> bytes:
    element = Element(name)
    for field, value in fields.items():
        SubElement(element, field).text = value
    return tostring(element)


def _error(code: str) -> bytes:
    return _xml("Error", Code=code, Message=code)
