"""ONNX Runtime's WebAssembly for the page with the decoder: too big to be committed.

It comes from its npm package, by npm and at a pinned version; of 200 MB two files are kept.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from semg_lib.evaluation.writing import write_atomically

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = "sha512-" + (
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
FILES = {"module": "ort.wasm.bundle.min.mjs", "wasm": "ort-wasm-simd-threaded.wasm"}
ABOUT = "runtime.json"  # of what is there, for the page
CACHE = Path(__file__).parent.parent.parent / "_build" / f"{PACKAGE}-{VERSION}"
REMEDY = "install Node.js with npm, and build the book again while the network is there"


def fetch(cache: Path = CACHE) -> str:
    """Have the files in the cache; return why they are not there, nothing if they are.

    Raises
    ------
    RuntimeError
        If what npm brings is not the package that is pinned.
    """
    if all((cache / name).is_file() for name in [*FILES.values(), ABOUT]):
        return ""
    npm = shutil.which("npm")
    if not npm:
        return f"there is no npm: {REMEDY}"
    with tempfile.TemporaryDirectory() as folder:
        asked = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent"]
        done = subprocess.run(asked, cwd=folder, capture_output=True, text=True)
        found = list(Path(folder).glob("*.tgz"))
        if done.returncode or not found:
            return f"npm did not bring {PACKAGE} {VERSION}: {REMEDY}"
        content = found[0].read_bytes()
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise RuntimeError(f"{PACKAGE} {VERSION} is not the one that is pinned: sha512-{digest}")
    sizes = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        for name in FILES.values():
            member = package.extractfile(f"package/dist/{name}")
            assert member is not None
            data = member.read()
            write_atomically(cache / name, data)
            sizes[name] = {"bytes": len(data), "compressed": len(gzip.compress(data))}
    told = FILES | {"package": PACKAGE, "version": VERSION, "sizes": sizes}
    write_atomically(cache / ABOUT, json.dumps(told))
    return ""


def put(folder: Path, cache: Path = CACHE) -> None:
    """Copy what the cache has into a built site, or leave a note that says why there is nothing."""
    if why := fetch(cache):
        write_atomically(folder / ABOUT, json.dumps({"why": why}))
        return
    for name in [*FILES.values(), ABOUT]:
        shutil.copy(cache / name, folder / name)
