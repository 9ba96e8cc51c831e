"""Fixtures: small simulated recordings, and files of them in NinaPro's layout."""

import functools
import http.server
import os
import threading
from pathlib import Path

import pytest
import scipy.io
from filelock import FileLock

from semg_lib.course import assignments
from semg_lib.papers import atzori2016
from semg_lib.publishing import build, pdf
from semg_lib.recordings import simulator
from semg_lib.signals.protocol import Protocol


@pytest.fixture(scope="session")
def recording():
    """Four movements of a DB1 subject: a third of exercise A."""
    recording = simulator.simulate("db1", 1, "A", movements=(1, 2, 3, 4))
    recording.emg.setflags(write=False)
    return recording


@pytest.fixture(scope="session")
def settings():
    """The quick preset, one epoch."""
    return atzori2016.Settings.named("db1", preset="quick", epochs=1)


@pytest.fixture(scope="session")
def prepared(recording, settings):
    return Protocol.of(settings).prepare(recording)


@pytest.fixture(scope="session")
def split(prepared):
    return prepared.split


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """A folder with one file of each database, few movements each."""
    folder = tmp_path_factory.mktemp("ninapro")
    for name, exercise in (("db1", "A"), ("db2", "B"), ("db3", "B")):
        movements = (1, 2, 3) if name == "db1" else (1,)
        simulator.write_files(folder / name, name, 1, exercise, movements=movements)
    return folder


@pytest.fixture
def spoil(root, tmp_path):
    """Write a copy of the DB1 file with some variables changed or (None) left out."""
    good = scipy.io.loadmat(root / "db1" / "s1" / "S1_A1_E1.mat")
    good = {key: value for key, value in good.items() if not key.startswith("__")}

    def write(**changes):
        content = good | changes
        folder = tmp_path / "spoiled"
        folder.mkdir(exist_ok=True)
        path = folder / "S1_A1_E1.mat"
        scipy.io.savemat(path, {key: v for key, v in content.items() if v is not None})
        return folder

    write.good = good
    return write


@pytest.fixture(scope="session")
def once(request, tmp_path_factory):
    """Make something once, whichever of the processes that share the tests needs it first."""
    base = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        base = base.parent

    def make(name, how):
        folder = base / name
        with FileLock(f"{folder}.lock"):
            if not (base / f"{name}.made").exists():
                how(folder)
                (base / f"{name}.made").touch()
        return folder

    return make


@pytest.fixture(scope="session")
def made(once):
    """The folder of student versions, solutions and autograders of all assignments."""
    return once("assignments", assignments.generate)


@pytest.fixture(scope="session")
def site(once):
    """The published book: the one just built that SEMG_SITE names, or else built now."""
    if "SEMG_SITE" not in os.environ:
        once("site", lambda folder: build.build())
    return build.ROOT / os.environ.get("SEMG_SITE", build.HTML["site"])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(site):
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    chromium = pdf.chromium()
    if not chromium:
        # .ci/run installs one, so there a browser that is not found is a failure.
        (pytest.fail if os.environ.get("SEMG_BROWSER") else pytest.skip)("there is no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking", "--disable-quic"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def real_data():
    """The folder that SEMG_DATA names: ``ninapro``, ``kaufmann_multiday`` and ``3dc`` are in it."""
    folder = os.environ.get("SEMG_DATA", "")
    if not folder:
        pytest.skip("SEMG_DATA names no folder with recordings")
    if not Path(folder).is_dir():
        pytest.fail(f"SEMG_DATA is {folder}, which is no folder")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def real_root(real_data):
    """The folder of NinaPro's files, which SEMG_DATA may also name itself."""
    return real_data / "ninapro" if (real_data / "ninapro").is_dir() else real_data


@pytest.fixture(scope="session")
def real_sets(real_data):
    """The folders of the sessions set and of the armband set, by their names here."""
    found = {"multiday": real_data / "kaufmann_multiday", "3dc": real_data / "3dc"}
    for folder in found.values():
        if not folder.is_dir():
            pytest.skip(f"SEMG_DATA has no {folder.name} in it")
    return found
