import json
import os
import time

import numpy as np
import pytest

from semg_lib.errors import DataError
from semg_lib.recordings import cache


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Return what the cache makes of a file of text, and how often it read it."""
    monkeypatch.setenv("SEMG_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "file"
    reads = []

    def make(path):
        reads.append(path)
        text = path.read_text()
        return {"emg": np.arange(float(text)), "columns": np.zeros((2, 3), np.int16)}, {"a": text}

    def get(text=None):
        if text is not None:
            get.path.write_text(text)
        arrays, values = cache.keep(get.path, make)
        return arrays["emg"], values["a"]

    get.reads, get.path, get.folder = reads, path, tmp_path / "cache"
    return get


def entry(kept):
    (found,) = [each for each in kept.folder.iterdir() if each.name != "seen"]
    return found


def test_the_second_time_is_not_read_again(kept):
    first, again = kept("5"), kept()
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1] == "5"
    assert len(kept.reads) == 1


def test_a_changed_file_is_read_again_though_its_times_are_set_back(kept):
    kept("5")
    before = kept.path.stat()
    assert kept("7")[1] == "7"
    os.utime(kept.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept()[1] == "7"
    kept.path.write_text("9")
    os.utime(kept.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept()[1] == "9"


def test_a_file_that_was_seen_long_enough_ago_is_not_even_hashed(kept, monkeypatch):
    kept("5")
    (note,) = (kept.folder / "seen").iterdir()
    seen = json.loads(note.read_bytes())
    note.write_text(json.dumps(seen | {"at": time.time_ns() + 10**10}))
    monkeypatch.setattr(cache, "file_hash", lambda *_: pytest.fail("hashed"))
    assert kept()[1] == "5"


def test_a_moved_file_is_known_by_its_content(kept, tmp_path):
    kept("5")
    kept.path = kept.path.rename(tmp_path / "moved")
    assert kept()[1] == "5"
    assert len(kept.reads) == 1


@pytest.mark.parametrize("name", ["emg.npy", "columns.npy", "content.json"])
def test_a_damaged_entry_is_made_again(kept, name):
    kept("5")
    path = entry(kept) / name
    for damage in (lambda data: data[:-4], lambda data: b"", lambda data: data[:-4] + b"abcd"):
        path.write_bytes(damage(path.read_bytes()))
        n = len(kept.reads)
        np.testing.assert_array_equal(kept()[0], np.arange(5.0))
        assert len(kept.reads) == n + 1
        kept()
        assert len(kept.reads) == n + 1


def test_another_version_of_the_reader_reads_again(kept, monkeypatch):
    kept("5")
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    kept()
    assert len(kept.reads) == 2


def test_changing_what_was_loaded_changes_nothing_for_others(kept):
    kept("5")
    kept()[0][:] = -1
    np.testing.assert_array_equal(kept()[0], np.arange(5.0))


def test_errors_are_not_kept(kept):
    with pytest.raises(ValueError, match="could not convert"):
        kept("nonsense")
    assert kept("3")[1] == "3"


def test_a_folder_that_cannot_be_written_does_no_harm(kept, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("SEMG_CACHE", str(tmp_path / "taken" / "below"))
    assert kept("5")[1] == "5"
    assert kept()[1] == "5"
    assert len(kept.reads) == 2


def test_it_can_be_switched_off_and_cleared(kept, monkeypatch):
    kept("5")
    assert cache.size() > 0
    assert cache.clear() > 0
    assert cache.size() == 0
    monkeypatch.setenv("SEMG_CACHE", "off")
    kept()
    assert cache.folder() is None
    assert cache.clear() == 0
    assert not kept.folder.exists()


def test_a_missing_file_is_the_readers_matter(kept):
    with pytest.raises(FileNotFoundError):
        kept()
    with pytest.raises(DataError, match="mended"):
        cache.keep(kept.path, lambda _: (_ for _ in ()).throw(DataError("to be mended")))
