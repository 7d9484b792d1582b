"""A file checked against a whole server: real programs, real builds, the real command."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from fake_upstream import FakeUpstream
from line import PATIENCE, WHEELYARD, Line, add_zoo
from wheels import make_wheel

pytestmark = [pytest.mark.system, pytest.mark.soak]

EXPECTED = {
    "zoo-good-extension==1.0": "wheel",
    "zoo-compile-error": "failed",
    "covered": "covered-upstream",
    "not-asked-for": "can-be-requested",
    "nowhere": "unknown-project",
}


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    # The user that builds run as cannot get into the folders of pytest.
    with FakeUpstream() as upstream, tempfile.TemporaryDirectory(prefix="wheelyard-") as folder:
        Path(folder).chmod(0o711)
        add_zoo(upstream, tmp_path, "good-extension", "compile-error")
        wheel = make_wheel(tmp_path, name="covered", tags=["py3-none-any"], files={})
        upstream.add_file("covered", wheel)
        upstream.add_file("not-asked-for", b"an sdist", "not_asked_for-1.0.tar.gz")
        yield Line(tmp_path, upstream, BUILDER__FOLDER=folder)


def test_the_command_and_the_end_point_tell_what_was_built(tmp_path: Path, line: Line) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("\n".join(EXPECTED))
    server = line.index.removesuffix("simple/")
    words: list[str | Path] = [WHEELYARD, "check", str(file), "--index", server, "--json"]
    with line.serving("zoo-good-extension", "zoo-compile-error", "covered"):
        line.wait_for("uv pip install")
        give_up_at = time.monotonic() + PATIENCE
        while True:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            assert done.returncode == 1, done.stderr + line.programs()
            told = {one["requirement"]: one for one in json.loads(done.stdout)["requirements"]}
            if {name: one["outcome"] for name, one in told.items()} == EXPECTED:
                break
            # Pages are written some seconds after what they tell of.
            assert time.monotonic() < give_up_at, done.stdout
            time.sleep(0.5)
        answer = httpx2.post(f"{server}api/v1/check", content=file.read_bytes(), timeout=30)
    assert told["zoo-compile-error"]["sentence"].endswith(".")
    theirs = {one["requirement"]: one for one in answer.json()["requirements"]}
    assert theirs.pop("nowhere")["outcome"] == "can-be-requested"
    # What nobody has asked for is known to upstream, and to nobody here.
    assert told["not-asked-for"]["version"] == "1.0"
    assert theirs.pop("not-asked-for")["version"] is None
    assert theirs == {name: told[name] for name in theirs}
