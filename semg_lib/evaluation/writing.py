"""How records are written: as JSON that shows what changed, whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semg_lib.evaluation.records import Record


def to_json(record: Record) -> str:
    """Return a record as JSON, one score, row of a matrix or curve a line."""
    content = record.model_dump()
    scores = [json.dumps(each) for each in content.pop("scores")]
    tables = {name: content.pop(name) for name in ("confusion", "losses")}
    text = json.dumps(content, indent=1).removesuffix("\n}")
    text += ',\n "scores": [\n  ' + ",\n  ".join(scores) + "\n ]"
    for name, table in tables.items():
        rows = [
            f'  "{method}": [\n   ' + ",\n   ".join(json.dumps(row) for row in matrix) + "\n  ]"
            for method, matrix in table.items()
        ]
        text += f',\n "{name}": {{\n' + ",\n".join(rows) + "\n }"
    return text + "\n}\n"


def write_atomically(path: str | Path, content: str | bytes) -> None:
    """Write a file: a crash leaves the old file or the new one, never half of one.

    Of a link the file that it stands for is written. A path in a text that is none is escaped.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", errors="backslashreplace")
    path = Path(path).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Machines that share a folder have processes of the same number.
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a name must not survive a power cut without its content
        part.replace(path)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def set_aside(path: Path) -> Path:
    """Rename a file that another is to replace, so that nothing of it is lost; return its name."""
    kept = (path.with_name(f"{path.stem}-before-{n}{path.suffix}") for n in itertools.count(1))
    return path.rename(next(each for each in kept if not each.exists()))
