"""Where a result comes from: the code, the versions and the device that made it."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import io
import platform
import tokenize
from pathlib import Path

import torch

PACKAGE = Path(__file__).parent

# What can change a score; a run's `code` is the hash of these and of the paper's module.
_SCORING = (
    "recording",
    "databases",
    "ninapro",
    "preprocessing",
    "windows",
    "splits",
    "features",
    "baselines",
    "augmentation",
    "training",
    "evaluation",
)
_SIMULATING = ("forearm", "synthetic")


def code_hash(paper: str, *, simulated: bool) -> str:
    """Return a hash of the code that a score depends on; comments and docstrings do not count."""
    digest = hashlib.sha256()
    for name in (*_SCORING, *(_SIMULATING if simulated else ()), f"papers/{paper}"):
        digest.update(_bare((PACKAGE / f"{name}.py").read_text()).encode())
    return digest.hexdigest()[:12]


def _bare(source: str) -> str:
    """Return Python source without comments, docstrings and blank lines."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            for row in range(node.lineno - 1, node.end_lineno):
                lines[row] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a score depends on."""
    names = ("torch", "numpy", "scipy", "scikit-learn", "PyWavelets")
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in names
    }


def device_name(device: str) -> str:
    """Return the device in words, such as the name of the GPU."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"
