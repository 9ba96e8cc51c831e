import errno
import random
import zipfile

import pytest

from semg_lib.download import archives
from semg_lib.errors import DataError

METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


def by_name(member):
    return member.name


def pack(path, method):
    with zipfile.ZipFile(path, "w", METHODS[method]) as archive:
        archive.writestr("S1.mat", random.Random(0).randbytes(3000))


@pytest.mark.parametrize("method", METHODS)
def test_a_damaged_byte_is_told_whatever_the_method(tmp_path, method):
    path = tmp_path / "a.zip"
    pack(path, method)
    whole = path.read_bytes()
    assert list(archives.unpack(path, tmp_path, "s1", by_name, {})) == ["s1/S1.mat"]
    for at in range(40, 3000, 97):
        content = bytearray(whole)
        content[at] ^= 0x55
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.zip: a damaged archive .*download it again"):
            archives.unpack(path, tmp_path, "s1", by_name, {})


def test_a_full_disk_is_not_the_archives_fault(tmp_path, monkeypatch):
    path = tmp_path / "a.zip"
    pack(path, "deflated")

    def full(*_):
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(archives.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="no space left"):
        archives.unpack(path, tmp_path, "s1", by_name, {})
    assert path.is_file()


def test_what_has_no_room_unpacked_is_told_and_the_archive_stays(tmp_path, monkeypatch):
    path = tmp_path / "a.zip"
    pack(path, "deflated")
    usage = type("Usage", (), {"free": 2999})
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"a\.zip: .* GB are free; make room and try again"):
        archives.unpack(path, tmp_path, "s1", by_name, {})
    assert path.is_file()
