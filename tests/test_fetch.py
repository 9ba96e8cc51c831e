import contextlib
import dataclasses
import random
import subprocess
import sys
import threading
import types

import pytest

from semg_lib.cli import main
from semg_lib.download import fetch, transfer, verify
from semg_lib.download.checksums import REGISTRY, read_registry
from semg_lib.errors import DataError
from semg_lib.recordings import simulator
from semg_lib.recordings.databases import database
from tests.server import archive, serving

PATHS = {subject: f"DB1/Preprocessed/s{subject}.zip" for subject in (1, 2, 3)}


@pytest.fixture(scope="session")
def subjects(tmp_path_factory):
    """The bytes of one small file for each of three subjects."""
    folder = tmp_path_factory.mktemp("served")
    found = {}
    for subject in PATHS:
        (path,) = simulator.write_files(folder, "db1", subject, "A", movements=(1, 2))
        found[subject] = path.read_bytes()
    return found


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """Let pooch try again at once."""
    monkeypatch.setattr("pooch.core.time", types.SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def server(subjects):
    with serving() as server:
        for subject, path in PATHS.items():
            server.content[path] = archive({f"S{subject}_A1_E1.mat": subjects[subject]})
        yield server


def get(server, root, numbers=(1,), **options):
    return fetch.download("db1", numbers, root, base_url=server.url, **options)


def whole(root, subjects, number=1):
    path = root / "db1" / f"s{number}" / f"S{number}_A1_E1.mat"
    return path.is_file() and path.read_bytes() == subjects[number]


def left_over(root):
    """What is neither a whole file nor the list nor a lock."""
    files = [p for p in root.rglob("*") if p.is_file() and p.suffix not in (".mat", ".lock")]
    return [p.name for p in files if p.name != REGISTRY]


def test_addresses_are_the_official_ones():
    offered = [(name, [1] if name == "multiday" else [3]) for name in fetch.ARCHIVES]
    assert [fetch.archives(database(name), who)[0].url for name, who in offered] == [
        "https://ninapro.hevs.ch/files/DB1/Preprocessed/s3.zip",
        "https://ninapro.hevs.ch/files/DB2_Preproc/DB2_s3.zip",
        "https://ninapro.hevs.ch/files/db3_Preproc/s3_0.zip",
        "https://github.com/LibEMG/MultiDay/archive/2b11c859ca2dc3c7b52188c54bc0f5edeb12245a.zip",
        "https://github.com/LibEMG/3DCDataset/archive/1af9058237a5d79a883feb2ce61f4d59090288ac.zip",
    ]


def test_a_database_that_nobody_offers_is_told():
    like_db1 = dataclasses.replace(database("db1"), name="mine")
    with pytest.raises(DataError, match="mine cannot be downloaded: choose from db1, db2, db3,"):
        fetch.archives(like_db1, [1])


def test_files_come_under_their_final_names_and_are_listed(server, subjects, tmp_path):
    seen = []
    assert get(server, tmp_path, (1, 2, 3), progress=lambda *each: seen.append(each)) == []
    assert all(whole(tmp_path, subjects, number) for number in PATHS)
    assert left_over(tmp_path) == []
    known = read_registry(tmp_path / REGISTRY)
    assert set(known) == {f"db1/s{n}.zip" for n in PATHS} | {
        f"db1/s{n}/S{n}_A1_E1.mat" for n in PATHS
    }
    total = len(server.content[PATHS[1]])
    assert ("db1/s1.zip", total, total) in seen
    assert {each.status for each in verify.verify(tmp_path)} <= {"ok", "suspicious"}
    get(server, tmp_path, (1, 2, 3))
    assert set(server.requests.values()) == {1}, "what is whole does not come again"


@pytest.mark.parametrize(
    "faults",
    [
        [500, 503],
        ["break at 20000"],
        ["break at 1", "break at 5000", 500, "break at 40000"],
        ["longer than sent"],
    ],
)
def test_a_fault_that_passes_ends_in_the_right_file(server, subjects, tmp_path, faults):
    server.faults[PATHS[1]] = list(faults)
    assert get(server, tmp_path) == []
    assert whole(tmp_path, subjects)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("moved", [False, True])
def test_a_broken_transfer_goes_on_where_it_was(server, subjects, tmp_path, moved):
    if moved:
        server.content["elsewhere.zip"] = server.content[PATHS[1]]
        server.moved[PATHS[1]] = "elsewhere.zip"
    asked = "elsewhere.zip" if moved else PATHS[1]
    server.faults[asked] = ["break at 20000"]
    assert get(server, tmp_path) == []
    assert server.requests[asked] == 2
    assert server.sent[asked] < len(server.content[PATHS[1]]) + transfer._BLOCK
    assert whole(tmp_path, subjects)


def test_halves_of_two_versions_are_not_put_together(server, subjects, tmp_path):
    server.faults[PATHS[1]] = ["break at 20000"] + [500] * 4
    assert get(server, tmp_path)
    server.content[PATHS[1]] = archive({"S1_A1_E1.mat": subjects[1], "notes.txt": b"new"})
    server.version[PATHS[1]] = "2"
    assert get(server, tmp_path) == []
    assert whole(tmp_path, subjects)


def test_a_server_without_ranges_is_asked_for_all_again(server, subjects, tmp_path):
    server.ranges = False
    server.faults[PATHS[1]] = ["break at 20000"]
    assert get(server, tmp_path) == []
    assert whole(tmp_path, subjects)


def bomb():
    return archive({"S1_A1_E1.mat": bytes(50_000_000)})


def damaged(content):
    at = len(content) // 2
    return content[:at] + bytes(64) + content[at + 64 :]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damaged, "a damaged archive"),
        (lambda content: content[:-100], "a damaged archive"),
        (lambda _: b"<html>log in</html>", "a damaged archive"),
        (lambda _: archive({"../../S1_A1_E1.mat": b"x"}), "it would write to"),
        (lambda _: archive({"/S1_A1_E1.mat": b"x"}), "it would write to"),
        (lambda _: archive({"C:\\S1_A1_E1.mat": b"x"}), "it would write to"),
        (lambda _: archive({}, links=[("S1_A1_E1.mat", "/etc/passwd")]), "it holds a link"),
        (lambda _: bomb(), "it would unpack to more than"),
        (lambda _: archive({"notes.txt": b"x"}), "nothing that was asked for is in it"),
        (lambda _: archive({"a/S1.mat": b"x", "b/S1.mat": b"y"}), "it holds S1.mat twice"),
    ],
)
def test_an_archive_that_cannot_be_trusted_is_told_and_leaves_nothing(
    server, tmp_path, spoil, said
):
    server.content[PATHS[1]] = spoil(server.content[PATHS[1]])
    ((_, why),) = get(server, tmp_path / "root")
    assert said in why
    assert "\n" not in why
    assert list(tmp_path.rglob("*.mat")) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root"]


def test_a_length_that_is_too_short_is_told(server, tmp_path):
    server.faults[PATHS[1]] = ["shorter than sent"]
    ((_, why),) = get(server, tmp_path)
    assert "a damaged archive" in why


@pytest.mark.parametrize(
    ("faults", "said"),
    [([404], "the server answers 404"), ([500] * 9, "the server answers 500"),
     (["break at 0"] * 9, "the transfer broke off; try again, what has come is kept")],
)  # fmt: skip
def test_what_does_not_pass_is_one_line_and_a_failing_exit(
    server, tmp_path, faults, said, monkeypatch, capsys
):
    server.faults[PATHS[2]] = list(faults)
    order = ["semg", "download", "db1", "--subjects", "1-3", "--root", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*order, "--base-url", server.url])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 1
    assert printed.err.count("\n") == 1
    assert "db1/s2.zip" in printed.err
    assert said in printed.err
    assert "2 of 3 subjects are whole" in printed.out
    assert printed.out.count("doi:10.1038/sdata.2014.53") == 1


def test_a_missing_server_is_told(tmp_path):
    failed = fetch.download("db1", [1], tmp_path, base_url="http://127.0.0.1:9")
    assert "no connection" in failed[0][1]


def test_another_checksum_than_the_listed_one_is_told(server, subjects, tmp_path):
    get(server, tmp_path)
    given = tmp_path / "given.txt"
    given.write_text((tmp_path / REGISTRY).read_text())
    server.content[PATHS[1]] = archive({"S1_A1_E1.mat": subjects[2]})
    ((_, why),) = get(server, tmp_path / "other", registry=given)
    assert "its checksum is not the one in checksums.txt" in why
    assert list((tmp_path / "other").rglob("*.mat")) == []


def test_a_file_that_was_damaged_later_comes_again(server, subjects, tmp_path):
    get(server, tmp_path)
    path = tmp_path / "db1" / "s1" / "S1_A1_E1.mat"
    path.write_bytes(path.read_bytes()[:-1])
    assert next(iter(verify.verify(tmp_path))).status == "broken"
    assert get(server, tmp_path) == []
    assert whole(tmp_path, subjects)


def test_a_list_that_is_no_list_is_told(server, tmp_path):
    (tmp_path / REGISTRY).write_text("nonsense\n")
    with pytest.raises(DataError, match="line 1 is not a name and a sha256"):
        get(server, tmp_path)


def test_a_disk_that_is_too_small_is_told_before_the_start(server, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"GB are needed .* take fewer subjects"):
        get(server, tmp_path)
    assert not server.requests


def test_two_at_once_do_not_disturb_each_other(server, subjects, tmp_path):
    server.pause_s = 0.005
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(get(server, tmp_path, (1, 2, 3))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[], []]
    assert set(server.requests.values()) == {1}
    assert all(whole(tmp_path, subjects, number) for number in PATHS)
    assert left_over(tmp_path) == []


REPOSITORIES = {name: "/".join(fetch.ARCHIVES[name][1:]) for name in ("multiday", "3dc")}


@pytest.fixture(scope="session")
def repositories(tmp_path_factory):
    """The files of each repository's archive: recordings, inside one folder, and other things."""
    folder = tmp_path_factory.mktemp("repositories")
    everything = {}
    for name, subjects, around in (("multiday", [1], "MultiDay-2b11"), ("3dc", [1, 2], "3DC-1af9")):
        for subject in subjects:
            simulator.write_files(folder / name, name, subject, movements=(1,))
        paths = (folder / name).rglob("*.txt" if name == "3dc" else "*.csv")
        everything[name] = {f"{around}/README.md": b"cite us"} | {
            f"{around}/{path.relative_to(folder / name).as_posix()}": path.read_bytes()
            for path in paths
        }
    imu = "3DC-1af9/Participant2/train/IMU/3dc_IMU_gesture_0_0.txt"
    everything["3dc"] |= {imu: b"1,2,3", "3DC-1af9/Participant2/": b""}
    return everything


@pytest.fixture
def hub(repositories):
    """A server that, as GitHub, tells no length and knows no ranges."""
    with serving() as server:
        server.lengths = server.ranges = False
        for name, files in repositories.items():
            server.content[REPOSITORIES[name]] = archive(files)
        yield server


@pytest.mark.parametrize(("name", "subjects"), [("multiday", [1]), ("3dc", [2]), ("3dc", [1, 2])])
def test_of_a_repository_come_the_recordings_of_those_asked_for(
    hub, repositories, tmp_path, name, subjects
):
    hub.faults[REPOSITORIES[name]] = ["break at 20000", 503]
    assert fetch.download(name, subjects, tmp_path, base_url=hub.url) == []
    wanted = {
        tmp_path / name / inside.split("/", 1)[1]: content
        for inside, content in repositories[name].items()
        if "_simulated" in inside
        and (name == "multiday" or int(inside.split("Participant")[1][0]) in subjects)
    }
    there = {p for p in tmp_path.rglob("*") if p.is_file() and ".semg" not in p.parts}
    assert there == {*wanted, tmp_path / REGISTRY}
    assert all(path.read_bytes() == content for path, content in wanted.items())
    assert left_over(tmp_path / ".semg") == []
    findings = list(verify.verify(tmp_path))
    assert {(f.database, f.status) for f in findings} == {(name, "ok")}
    assert {f.subject for f in findings} == {*subjects}
    asked = hub.requests[REPOSITORIES[name]]
    fetch.download(name, subjects, tmp_path, base_url=hub.url)
    assert hub.requests[REPOSITORIES[name]] == asked, "what is whole does not come again"


def test_of_a_repository_come_more_people_later_and_what_was_lost(hub, tmp_path):
    for subject in (1, 2):
        assert fetch.download("3dc", [subject], tmp_path, base_url=hub.url) == []
    assert {f.subject for f in verify.verify(tmp_path)} == {1, 2}
    assert hub.requests[REPOSITORIES["3dc"]] == 2
    lost = next(tmp_path.rglob("3dc_EMG_gesture_2_1*"))
    lost.write_bytes(lost.read_bytes()[:-40])
    assert fetch.download("3dc", [1, 2], tmp_path, base_url=hub.url) == []
    assert {f.status for f in verify.verify(tmp_path)} == {"ok"}
    ((_, why),) = fetch.download("3dc", [1, 3], tmp_path, base_url=hub.url)
    assert "not every subject that was asked for is in it" in why


def test_a_repository_needs_room_for_text(hub, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 10**9})
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"1\.8 GB are needed and 1\.0 GB are free"):
        fetch.download("multiday", [1], tmp_path, base_url=hub.url)


def test_the_command_names_whom_to_cite(hub, tmp_path, monkeypatch, capsys):
    order = ["semg", "download", "3dc", "--subjects", "1,2", "--root", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*order, "--base-url", hub.url])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr().out
    assert ended.value.code == 0
    assert "cites Côté-Allard et al. (2019), IEEE TNSRE 27(4):760-771. Its licence: no" in printed
    assert "NinaPro" not in printed
    assert "2 of 2 subjects are whole" in printed


_CHILD = (
    "import sys; from semg_lib.download import fetch; print('ready', flush=True); "
    "failed = fetch.download('db1', [1, 2, 3], sys.argv[1], base_url=sys.argv[2]"
    "); sys.exit(bool(failed))"
)


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_bring_nothing_twice(server, subjects, tmp_path):
    chance = random.Random(0)
    server.pause_s = 0.01
    root, kills, rounds = tmp_path / "0", 0, 0
    while kills < 20:
        known = read_registry(root / REGISTRY) if (root / REGISTRY).is_file() else {}
        done = [n for n in PATHS if f"db1/s{n}.zip" in known]
        requests = {n: server.requests[PATHS[n]] for n in done}
        command = [sys.executable, "-c", _CHILD, str(root), server.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout.readline() == "ready\n"
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0, 0.5))
            if child.poll() is None:
                child.kill()
                kills += 1
        for number in PATHS:
            path = root / "db1" / f"s{number}" / f"S{number}_A1_E1.mat"
            assert not path.is_file() or whole(root, subjects, number), "half a file"
        assert requests == {n: server.requests[PATHS[n]] for n in done}, "whole, yet asked again"
        if child.returncode == 0:
            assert all(whole(root, subjects, number) for number in PATHS)
            assert left_over(root) == []
            rounds += 1
            root = tmp_path / str(rounds)
    assert subprocess.run(command, timeout=60, stdout=subprocess.DEVNULL).returncode == 0
    assert all(whole(root, subjects, number) for number in PATHS)
    assert left_over(root) == []
