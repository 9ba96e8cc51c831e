"""What the page with the decoder runs on: fetched by npm, checked, and put beside the page."""

import base64
import hashlib
import io
import json
import os
import shutil
import tarfile

import pytest

from semg_lib.publishing import runtime

CONTENT = {name: b"of " + name.encode() for name in runtime.FILES.values()}


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """An npm that brings a small package; it notes what it is asked for."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as package:
        for name, content in {**CONTENT, "ort.min.js": b"not needed"}.items():
            about = tarfile.TarInfo(f"package/dist/{name}")
            about.size = len(content)
            package.addfile(about, io.BytesIO(content))
    archive = tmp_path / "package.tgz"
    archive.write_bytes(buffer.getvalue())
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    monkeypatch.setattr(runtime, "INTEGRITY", f"sha512-{digest}")
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "npm"
    script.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncp {archive} onnx.tgz\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return script


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the npm of these tests is a shell script")


def test_two_files_are_kept_and_npm_is_asked_once(tmp_path, npm):
    for _ in range(2):
        assert runtime.fetch(tmp_path / "cache") == ""
    asked = (tmp_path / "asked").read_text()
    assert asked == f"pack onnxruntime-web@{runtime.VERSION} --silent\n"
    assert {p.name for p in (tmp_path / "cache").iterdir()} == {*CONTENT, "runtime.json"}
    site = tmp_path / "site"
    site.mkdir()
    runtime.put(site, tmp_path / "cache")
    for name, content in CONTENT.items():
        assert (site / name).read_bytes() == content
    about = json.loads((site / "runtime.json").read_text())
    assert (about["module"], about["version"]) == (runtime.FILES["module"], runtime.VERSION)
    assert about["sizes"][about["wasm"]]["bytes"] == len(CONTENT[about["wasm"]])


def test_another_package_is_refused(tmp_path, npm, monkeypatch):
    monkeypatch.setattr(runtime, "INTEGRITY", "sha512-other")
    with pytest.raises(RuntimeError, match="is not the one that is pinned"):
        runtime.fetch(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("script", ["exit 1", "true", ""])
def test_without_a_network_or_npm_the_page_says_how(tmp_path, npm, monkeypatch, script):
    npm.write_text(f"#!/bin/sh\n{script}\n")
    if not script:
        monkeypatch.setattr(shutil, "which", lambda name: None)
    why = runtime.fetch(tmp_path / "cache")
    assert why.endswith(runtime.REMEDY)
    assert ("there is no npm" in why) is not bool(script)
    runtime.put(tmp_path, tmp_path / "cache")
    assert json.loads((tmp_path / "runtime.json").read_text()) == {"why": why}
