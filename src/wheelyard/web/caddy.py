"""A complete configuration of Caddy in front of the store and our own web process; pure.

Caddy has no way to compare quality values. What installers and browsers send is told apart here;
any other `Accept` is left to our own process.
"""

from wheelyard.errors import BadInput
from wheelyard.web.front import (
    CHANNEL_PATTERN,
    HASH_PATH,
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
from wheelyard.web.responses import HTML, PAGE_CACHING

_PAGE = f"/(?:{CHANNEL_PATTERN}/)?(?:overlay/)?simple/(?:{NAME_PATTERN}/)?"
_JSON_FIRST = (
    r"^application/vnd\.pypi\.simple\.(?:v1|latest)\+json"
    r"(?:, ?application/vnd\.pypi\.simple\.(?:v1|latest)\+html; ?q=0\.[0-9]+)?"
    r"(?:, ?text/html; ?q=0\.[0-9]+)?(?:, ?\*/\*; ?q=0\.[0-9]+)?$"
)
_BROWSER = r"^(?:\*/\*|text/html(?:,.*)?)$"
_NO_BROWSER = r"vnd\.pypi|text/html;"
_VARY = "{wy_vary}"
_HEAD = """# wheelyard behind Caddy: put this into /etc/caddy/Caddyfile.
# It was printed by `wheelyard webserver-config caddy`; print it again when channels, folders or
# addresses change. See docs/serving.md for what Caddy cannot do.
# Count downloads from this log, once: downloads.own = false, downloads.logs = [the log below].
# With a host name as the address Caddy gets a TLS certificate by itself.
"""


def caddy_configuration(front: FrontServer) -> str:
    """Return a Caddyfile.

    Raises:
        BadInput: if the store is no folder; Caddy's file server reads folders only.
    """
    if front.folder is None:
        raise BadInput(front.bucket, "A configuration of Caddy needs a store in a folder")
    parts = (
        _opening(front),
        _pages(front),
        _documents(),
        _files(),
        _fallbacks(front),
    )
    return f"{_HEAD}\n{front.listen} {{\n{''.join(parts)}}}\n"


def _opening(front: FrontServer) -> str:
    return f"""\troot * {front.folder}
\tlog {{
\t\toutput file {front.log}
\t\tformat json
\t}}
\tmap {{path}} {_VARY} {{
\t\t~^/(?:overlay/)?simple/ "{front.plain_vary}"
\t\tdefault "{PAGE_VARY}"
\t}}
"""


def _pages(front: FrontServer) -> str:
    channels = ""
    if front.has_several_channels:
        channels = "".join(_channel(channel) for channel in front.channels)
    forms = "".join(
        _form(*form)
        for form in (
            ("json", f"header_regexp Accept `{_JSON_FIRST}`", "index.json", SimpleType.JSON.value),
            (
                "browser",
                f"header_regexp Accept `{_BROWSER}`\n\t\tnot header_regexp Accept `{_NO_BROWSER}`",
                "index.html",
                HTML,
            ),
            ("silent", "header !Accept", "index.html", HTML),
        )
    )
    return channels + forms + _overlay(front)


def _channel(channel: str) -> str:
    # Caddy takes braces for placeholders.
    told = rf'"distro":\s*\x7b[^\x7b\x7d]*"id":\s*"{channel}"'
    return f"""\t@{channel} {{
\t\tmethod GET HEAD
\t\tpath_regexp to_{channel} `^/((?:overlay/)?simple/(?:{NAME_PATTERN}/)?)$`
\t\theader_regexp User-Agent `{told}`
\t}}
\thandle @{channel} {{
\t\theader Cache-Control {UNCACHED}
\t\theader Vary User-Agent
\t\tredir * /{channel}/{{re.to_{channel}.1}} 302
\t}}
"""


def _form(name: str, accepted: str, filename: str, content_type: str) -> str:
    return f"""\t@{name} {{
\t\tmethod GET HEAD
\t\tpath_regexp `^{_PAGE}$`
\t\t{accepted}
\t\tfile {{path}}{filename}
\t}}
\thandle @{name} {{
{_headers(page_headers(content_type, vary=_VARY) | {"Content-Type": content_type})}\
\t\trewrite * {{path}}{filename}
\t\tfile_server {{
\t\t\tprecompressed zstd gzip
\t\t}}
\t}}
"""


def _overlay(front: FrontServer) -> str:
    return f"""\t@upstream {{
\t\tmethod GET HEAD
\t\tpath_regexp page `^/(?:{CHANNEL_PATTERN}/)?overlay/simple/((?:{NAME_PATTERN}/)?)$`
\t\tnot file {{path}}index.json
\t}}
\thandle @upstream {{
{_headers({"Cache-Control": PAGE_CACHING} | SAFE_HEADERS)}\
\t\tredir * {front.upstream_simple}/{{re.page.1}} 302
\t}}
"""


def _documents() -> str:
    html = _served(
        "html", f"^/(?:stats/|failures/|project/{NAME_PATTERN}/)?$", HTML, index="index.html"
    )
    json = _served(
        "document",
        f"^/(?:(?:stats|failures|project/{NAME_PATTERN})/index|provenance/keys)\\.json$",
        "application/json",
    )
    return html + json + _served("key", r"^/provenance/keys/[0-9a-f]{64}\.pem$", TEXT)


def _served(name: str, pattern: str, content_type: str, *, index: str = "") -> str:
    rewritten = f"\t\trewrite * {{path}}{index}\n" if index else ""
    return f"""\t@{name} {{
\t\tmethod GET HEAD
\t\tpath_regexp `{pattern}`
\t\tfile {{path}}{index}
\t}}
\thandle @{name} {{
{_headers(page_headers(content_type) | {"Content-Type": content_type})}\
{rewritten}\t\tfile_server
\t}}
"""


def _files() -> str:
    kinds = {
        "metadata": (r"[^/]+\.metadata", TEXT),
        "provenance": (r"[^/]+\.provenance", "application/json"),
        "package": (r"[^/]+", "application/octet-stream"),
    }
    return "".join(
        f"\t@{name} {{\n\t\tmethod GET HEAD\n"
        f"\t\tpath_regexp `^/packages/{HASH_PATH}/{pattern}$`\n\t\tfile\n\t}}\n"
        f"\thandle @{name} {{\n"
        + _headers(file_headers() | {"Content-Type": kind})
        + "\t\tfile_server\n\t}\n"
        for name, (pattern, kind) in kinds.items()
    )


def _fallbacks(front: FrontServer) -> str:
    """Return what goes to our own process, which knows what is missing."""
    return f"""\thandle {{
\t\treverse_proxy {front.process}
\t}}
\thandle_errors {{
{_headers({"Cache-Control": UNCACHED} | SAFE_HEADERS)}\
\t\trespond "This part is down; installing works" 503
\t}}
"""


def _headers(headers: dict[str, str]) -> str:
    return "".join(f'\t\theader {name} "{value}"\n' for name, value in headers.items())
