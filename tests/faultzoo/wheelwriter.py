"""Writes wheels, good and bad ones: `tests/zoo.py` puts it into every source distribution."""

import base64
import hashlib
import os
import zipfile


def write_wheel(folder, project, version, files=None, *, tag="py3-none-any", record=None):
    """Write a wheel and return its filename; `record` replaces the RECORD that would be right."""
    name = project.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    pure = "true" if tag.endswith("-none-any") else "false"
    contents = dict(files or {f"{name}.py": b"answer = 42\n"})
    contents[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode()
    )
    contents[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: zoo\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode()
    )
    rows = [f"{path},{digest(data)},{len(data)}\n" for path, data in contents.items()]
    rows.append(f"{info}/RECORD,,\n")
    contents[f"{info}/RECORD"] = "".join(rows).encode() if record is None else record
    filename = f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(os.path.join(folder, filename), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in contents.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data)
    return filename


def digest(data):
    """Return a hash as RECORD has it."""
    encoded = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"sha256={encoded}"
