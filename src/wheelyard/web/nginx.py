"""A complete configuration of nginx in front of the store and our own web process; pure."""

from urllib.parse import urlsplit

from wheelyard.publish.simple import API_VERSION
from wheelyard.web.front import (
    CHANNEL_PATTERN,
    HASH_PATH,
    LARGEST_BODY,
    NAME_PATTERN,
    PAGE_VARY,
    SAFE_HEADERS,
    TEXT,
    UNCACHED,
    FrontServer,
    file_headers,
    page_headers,
)
from wheelyard.web.negotiation import SimpleType
from wheelyard.web.nginx_maps import (
    ENCODINGS,
    channel_map,
    encoding_map,
    form_maps,
    vary_map,
)
from wheelyard.web.responses import HTML, PAGE_CACHING

_FORMS = {
    "json": ("index.json", SimpleType.JSON.value),
    "html": ("index.html", SimpleType.HTML.value),
    "legacy": ("index.html", HTML),
}
_PAGE = f"(?:{CHANNEL_PATTERN}/)?(?:overlay/)?simple/(?:{NAME_PATTERN}/)?"
_PROJECT = f'~ "^/project/(?<wy_name>{NAME_PATTERN})/$"'
_UNKNOWN = {_PROJECT: "@wy_process"}
"""Our own process tells what may have been meant."""

_REMEMBERED = """        open_file_cache max=10000 inactive=30s;
        open_file_cache_valid 2s;
"""
"""For pages, which may be kept for minutes anyway; a withdrawn wheel must be gone at once."""
_HEAD = f"""# wheelyard behind nginx: put this into /etc/nginx/conf.d/wheelyard.conf.
# It was printed by `wheelyard webserver-config nginx`; print it again when channels, folders or
# addresses change. It serves the simple repository API {API_VERSION}; what nginx cannot do of it is
# in docs/serving.md.
# Count downloads from this log, once: downloads.own = false, downloads.logs = [the log below].
"""
_LOG_FORMAT = """log_format wheelyard escape=json
    '{"time":"$time_iso8601","remote_addr":"$remote_addr",'
    '"method":"$request_method","uri":"$request_uri","status":"$status",'
    '"user_agent":"$http_user_agent","range":"$sent_http_content_range",'
    '"request_completion":"$request_completion","body_bytes":"$body_bytes_sent"}';
"""


def nginx_configuration(front: FrontServer) -> str:
    """Return what belongs into nginx' `http` block: maps, log format, and a server."""
    return "\n".join(
        (
            _HEAD,
            form_maps()
            + encoding_map()
            + channel_map(front.channels)
            + vary_map(of_channels=PAGE_VARY, of_all=front.plain_vary),
            _LOG_FORMAT,
            f"upstream wheelyard_web {{\n    server {front.process};\n    keepalive 16;\n}}\n",
            f"server {{\n{_server(front)}}}\n",
        )
    )


def _server(front: FrontServer) -> str:
    return "\n".join(
        (
            _opening(front),
            _pages(front),
            *(_form(front, name) for name in _FORMS),
            _static(front),
            _files(front),
            _fallbacks(front),
        )
    )


def _opening(front: FrontServer) -> str:
    return f"""    listen {front.listen};
    server_name {front.server_name};
    # TLS: listen 443 ssl http2; and the two lines below.
    # ssl_certificate /etc/letsencrypt/live/{front.server_name}/fullchain.pem;
    # ssl_certificate_key /etc/letsencrypt/live/{front.server_name}/privkey.pem;
    access_log {front.log} wheelyard buffer=64k flush=1s;
    server_tokens off;
    absolute_redirect off;
    merge_slashes off;
    sendfile on;
    tcp_nopush on;
    etag on;
    gzip off;
    max_ranges 1;
    recursive_error_pages on;
    error_page 404 = @wy_missing;
    client_max_body_size {LARGEST_BODY};
    default_type "{TEXT}";
"""


def _pages(front: FrontServer) -> str:
    """Return the locations that find out which form of a simple page suits."""
    to_channel = "        if ($wy_told_channel) { rewrite ^ /-/channel last; }\n"
    several = to_channel if front.has_several_channels else ""
    return f"""    location ~ "^/(?<wy_page>(?:overlay/)?simple/(?:{NAME_PATTERN}/)?)$" {{
{several}        rewrite ^ /-/$wy_form$wy_packed last;
    }}
    location ~ "^/(?<wy_page>{_PAGE})$" {{
        rewrite ^ /-/$wy_form$wy_packed last;
    }}
    location = /-/channel {{
        internal;
{_headers({"Cache-Control": UNCACHED, "Vary": "User-Agent"} | SAFE_HEADERS, always=True)}\
        return 302 /$wy_told_channel/$wy_page;
    }}
"""


def _form(front: FrontServer, name: str) -> str:
    filename, content_type = _FORMS[name]
    headers = page_headers(content_type, vary="$wy_vary")
    locations = ""
    for end, encoding in {"": "", **ENCODINGS}.items():
        body = _object(
            front,
            f"/${{wy_page}}{filename}{end}",
            content_type,
            headers | ({"Content-Encoding": encoding} if encoding else {}),
            # What is not there compressed may be there as it is.
            missing=f"/-/{name}" if encoding else "@wy_no_page",
        )
        locations += (
            f"    location = /-/{name}{end} {{\n        internal;\n{_REMEMBERED}{body}    }}\n"
        )
    return locations


def _static(front: FrontServer) -> str:
    """Return the locations of pages and documents that have one form."""
    found = {
        "= /": ("/index.html", HTML),
        "= /stats/": ("/stats/index.html", HTML),
        "= /stats/index.json": ("/stats/index.json", "application/json"),
        "= /failures/": ("/failures/index.html", HTML),
        "= /failures/index.json": ("/failures/index.json", "application/json"),
        _PROJECT: ("/project/$wy_name/index.html", HTML),
        f'~ "^/project/(?<wy_name>{NAME_PATTERN})/index\\.json$"': (
            "/project/$wy_name/index.json",
            "application/json",
        ),
        "= /provenance/keys.json": ("/provenance/keys.json", "application/json"),
        '~ "^/(?<wy_key>provenance/keys/[0-9a-f]{64}\\.pem)$"': ("/$wy_key", TEXT),
    }
    return "".join(
        f"    location {place} {{\n"
        + _object(front, key, kind, page_headers(kind), missing=_UNKNOWN.get(place, "@wy_missing"))
        + "    }\n"
        for place, (key, kind) in found.items()
    )


def _files(front: FrontServer) -> str:
    kinds = {
        r"[^/]+\.metadata": TEXT,
        r"[^/]+\.provenance": "application/json",
        r"[^/]+": "application/octet-stream",
    }
    return "".join(
        f'    location ~ "^/(?<wy_file>packages/{HASH_PATH}/{pattern})$" {{\n'
        + _object(front, "/$wy_file", kind, file_headers(), missing="@wy_missing")
        + "    }\n"
        for pattern, kind in kinds.items()
    )


def _fallbacks(front: FrontServer) -> str:
    process = """        proxy_pass http://wheelyard_web;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_request_buffering off;
        proxy_read_timeout 90s;
        error_page 502 504 = @wy_down;
"""
    return f"""    # Unusual spellings of names, builds, logs, the builders' interface.
    location / {{
{process}    }}
    location @wy_no_page {{
        if ($wy_page ~ "(?:^|/)overlay/simple/(?<wy_upstream_page>.*)$") {{
            rewrite ^ /-/upstream last;
        }}
{_headers(SAFE_HEADERS, always=True)}\
        return 404 "Not found\\n";
    }}
    location = /-/upstream {{
        internal;
{_headers({"Cache-Control": PAGE_CACHING} | SAFE_HEADERS, always=True)}\
        return 302 {front.upstream_simple}/$wy_upstream_page;
    }}
    # What was asked for is named, for the way here may have changed it.
    location @wy_process {{
{process.replace("wheelyard_web;", "wheelyard_web$request_uri;")}    }}
    location @wy_missing {{
{_headers(SAFE_HEADERS, always=True)}\
        return 404 "Not found\\n";
    }}
    location @wy_down {{
{_headers({"Cache-Control": UNCACHED, "Retry-After": "5"} | SAFE_HEADERS, always=True)}\
        return 503 "This part is down; installing works\\n";
    }}
"""


def _object(
    front: FrontServer, key: str, content_type: str, headers: dict[str, str], *, missing: str
) -> str:
    """Return the lines that serve one object of the store; without it, `missing` goes on."""
    if front.folder is not None:
        return (
            f"        root {front.folder};\n        types {{ }}\n"
            f'        default_type "{content_type}";\n{_headers(headers)}'
            f"        try_files {key} {missing};\n"
        )
    parts = urlsplit(front.bucket or "")
    hidden = "".join(
        f"        proxy_hide_header {name};\n"
        for name in ("Content-Type", "Content-Encoding", "Cache-Control", "Vary")
    )
    return (
        f"        rewrite ^ {parts.path.rstrip('/')}{key} break;\n"
        f"        proxy_pass {parts.scheme}://{parts.netloc};\n"
        f"        proxy_set_header Host {parts.netloc};\n"
        "        proxy_http_version 1.1;\n"
        "        proxy_ssl_server_name on;\n"
        f"{hidden}"
        "        proxy_intercept_errors on;\n"
        f"        error_page 403 404 = {missing};\n"
        f"{_headers({'Content-Type': content_type} | headers)}"
    )


def _headers(headers: dict[str, str], *, always: bool = False) -> str:
    end = " always" if always else ""
    return "".join(
        f'        add_header {name} "{value}"{end};\n' for name, value in headers.items()
    )
