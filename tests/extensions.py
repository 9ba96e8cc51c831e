"""The book's Sphinx extensions, which are no package, as modules."""

import importlib.util
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "book" / "_ext"


def extension(name):
    spec = importlib.util.spec_from_file_location(f"{name}_extension", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
