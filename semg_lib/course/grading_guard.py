"""Runs in the kernel of a submission before its first cell: it may write in its own folder only.

What it tries beyond is refused and noted, so that the mark can say it. Copied by `grading` into
IPython's startup folder; it imports nothing of the library.
"""

import os
import sys

_ROOT = os.environ["SEMG_GRADING"]
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_CHANGING = (
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate"),
    *("os.chmod", "os.chown", "shutil.rmtree", "shutil.move"),
)
_STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty")


def _note(kind, what):
    with open(os.path.join(_ROOT, "guard.log"), "a") as log:
        log.write(f"{kind} {what}\n")


def _outside(path):
    if isinstance(path, int) or path is None:
        return False
    real = os.path.realpath(os.fsdecode(path))
    return not (real == os.devnull or real.startswith(_ROOT + os.sep) or real == _ROOT)


def _guard(event, arguments):
    if event == "open":
        path, _, flags = arguments
        if flags & _WRITING and _outside(path):
            _note("write", path)
            raise PermissionError(f"{path} lies outside the folder of this submission")
    elif event in _CHANGING:
        for path in arguments[: 2 if event in ("os.rename", "os.link", "shutil.move") else 1]:
            if _outside(path):
                _note("write", path)
                raise PermissionError(f"{path} lies outside the folder of this submission")
    elif event in _STARTING:
        _note("process", arguments[0] if arguments else event)
        raise PermissionError("a submission starts no other programs")


def _out_of_memory(shell, kind, value, traceback, tb_offset=None):
    _note("memory", str(value)[:200] or "MemoryError")
    shell.showtraceback((kind, value, traceback), tb_offset=tb_offset)


get_ipython().set_custom_exc((MemoryError,), _out_of_memory)  # noqa: F821
sys.addaudithook(_guard)
