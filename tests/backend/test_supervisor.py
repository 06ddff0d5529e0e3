"""The supervisor's children are ready before work begins and gone at its end, whatever the end is."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from backend.supervisor import Child, ChildFailed, Supervisor, free_port, responds

ROOT = Path(__file__).resolve().parents[2]
SLEEP = "import time; time.sleep(60)"
# Takes no notice of a kind request, and has a child of its own; prints both processes' numbers.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
own = subprocess.Popen([sys.executable, "-c", code])
print(os.getpid(), own.pid, flush=True)
time.sleep(60)
"""
# A supervisor of one stubborn child; prints where it is, then watches.
HOUSE = """
import sys, pathlib
from backend.supervisor import Child, Supervisor
folder = pathlib.Path(sys.argv[1])
with Supervisor(log=folder, grace=0.3) as house:
    ready = lambda: (folder / "stubborn.log").read_text().count("|") == 1
    house.start(Child("stubborn", [sys.executable, "-c", sys.argv[2]], ready=ready))
    print("up", flush=True)
    house.watch()
"""


def child(name: str, code: str, **more: object) -> Child:
    return Child(name, [sys.executable, "-u", "-c", code], **more)  # type: ignore[arg-type]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pids: list[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(lives(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def a_house(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    house = subprocess.Popen(
        [sys.executable, "-c", HOUSE, str(folder), STUBBORN],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert house.stdout is not None
    assert house.stdout.readline() == "up\n"
    pids = [int(word) for word in (folder / "stubborn.log").read_text().split("|")[1].split()]
    assert [lives(pid) for pid in pids] == [True, True]
    return house, pids


def test_a_childs_lines_are_logged_and_echoed_with_its_name(tmp_path: Path) -> None:
    heard: list[str] = []
    with Supervisor(log=tmp_path / "log", echo=heard.append) as house:
        code = "import os, sys; print(os.environ['GREETING']); print('错误', file=sys.stderr)"
        house.start(child("web", code, env={"GREETING": "hello", "PYTHONIOENCODING": "utf-8"}))
        with pytest.raises(ChildFailed):
            house.watch()
    assert (tmp_path / "log" / "web.log").read_text(encoding="utf-8") == "web | hello\nweb | 错误\n"
    assert heard == ["web | hello", "web | 错误"]


def test_start_waits_until_the_child_answers(tmp_path: Path) -> None:
    port = free_port()
    serve = f"import time, http.server as h; time.sleep(0.3); h.test(h.SimpleHTTPRequestHandler, port={port})"
    with Supervisor(log=tmp_path) as house:
        house.start(child("web", serve, ready=responds(f"http://127.0.0.1:{port}/")))
        assert responds(f"http://127.0.0.1:{port}/")() is True
        house.watch(until=lambda: True)
    with pytest.raises(OSError):
        responds(f"http://127.0.0.1:{port}/")()


def test_a_server_that_answers_with_an_error_is_not_ready(tmp_path: Path) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ready = responds(f"http://127.0.0.1:{server.server_port}/")
    with (
        Supervisor(log=tmp_path) as house,
        pytest.raises(ChildFailed, match=r"web was not ready after 0\.3 seconds"),
    ):
        house.start(child("web", SLEEP, ready=ready), seconds=0.3)
    server.shutdown()
    server.server_close()


def test_a_child_that_ends_at_its_start_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Supervisor(log=tmp_path) as house:
        with pytest.raises(ChildFailed) as failure:
            house.start(child("worker", "raise SystemExit('no broker')", ready=lambda: False))
        assert str(failure.value) == (
            f"worker ended with status 1 at its start; the end of its log {tmp_path}/worker.log:\n"
            "worker | no broker"
        )


def test_a_child_that_dies_later_ends_the_watch_with_its_name_and_the_others_are_stopped(
    tmp_path: Path,
) -> None:
    with pytest.raises(ChildFailed, match="beat ended with status 3"), Supervisor(log=tmp_path) as house:
        house.start(child("web", SLEEP))
        house.start(child("beat", "import time; time.sleep(0.3); raise SystemExit(3)"))
        pids = [process.pid for _, process, _ in house.running]
        house.watch()
    assert [lives(pid) for pid in pids] == [False, False]


def test_children_are_stopped_in_reverse_order(tmp_path: Path) -> None:
    code = """
import signal, sys, time
def leave(number, frame):
    with open(sys.argv[1], "a") as order:
        order.write(sys.argv[2])
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready")
time.sleep(60)
"""
    order = tmp_path / "order"
    with Supervisor(log=tmp_path) as house:
        for name in "abc":
            log = tmp_path / f"{name}.log"
            argv = [sys.executable, "-u", "-c", code, str(order), name]
            house.start(Child(name, argv, ready=lambda log=log: "ready" in log.read_text()))  # type: ignore[misc]
    assert order.read_text() == "cba"


def test_a_stubborn_child_and_its_own_child_are_killed_after_the_grace(tmp_path: Path) -> None:
    log = tmp_path / "stubborn.log"
    with Supervisor(log=tmp_path, grace=0.3) as house:
        house.start(child("stubborn", STUBBORN, ready=lambda: log.read_text().count("\n") == 1))
        pids = [int(word) for word in log.read_text().split("|")[1].split()]
        assert [lives(pid) for pid in pids] == [True, True]
        began = time.monotonic()
    assert 0.3 <= time.monotonic() - began < 3.0
    assert gone(pids, 1.0)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -signal.SIGINT)]
)
def test_a_signal_stops_the_house_in_order(tmp_path: Path, number: int, status: int) -> None:
    house, pids = a_house(tmp_path)
    house.send_signal(number)
    assert house.wait(timeout=10) == status
    assert gone(pids, 1.0)


def test_a_second_signal_does_not_interrupt_the_stop(tmp_path: Path) -> None:
    house, pids = a_house(tmp_path)
    house.send_signal(signal.SIGINT)
    time.sleep(0.15)
    house.send_signal(signal.SIGINT)
    assert house.wait(timeout=10) == -signal.SIGINT
    assert gone(pids, 1.0)


def test_children_and_their_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    house, pids = a_house(tmp_path)
    house.kill()
    assert house.wait() == -signal.SIGKILL
    assert gone(pids, 8.0)


def test_a_child_ends_when_supervisor_and_guardian_are_killed_together(tmp_path: Path) -> None:
    code = HOUSE.replace('print("up"', 'print(house.guardian.pid, house.running[0][1].pid, "up"')
    code = code.replace('(folder / "stubborn.log").read_text().count("|") == 1', "True")
    house = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), SLEEP], cwd=ROOT, text=True, stdout=subprocess.PIPE
    )
    assert house.stdout is not None
    guardian, only, up = house.stdout.readline().split()
    assert (up, lives(int(only))) == ("up", True)
    os.kill(int(guardian), signal.SIGKILL)
    house.kill()
    house.wait()
    assert gone([int(only)], 2.0)


class Enough(Exception):
    """Ends a house that is kept for ever."""


def test_a_killed_child_is_started_again_while_the_house_is_kept(tmp_path: Path) -> None:
    heard: list[str] = []
    turns = iter(range(3))

    def tend() -> None:
        turn = next(turns)
        if turn == 0:
            os.killpg(house.running[0][1].pid, signal.SIGKILL)
            house.running[0][1].wait()
        if turn == 1:
            raise Enough

    with Supervisor(log=tmp_path, grace=0.3) as house, pytest.raises(Enough):
        house.start(child("sleeper", SLEEP))
        first = house.running[0][1].pid
        try:
            house.keep(tend=tend, say=heard.append)
        finally:
            second = house.running[0][1]
            assert [one[0].name for one in house.running] == ["sleeper"]
            assert second.pid != first
            assert second.poll() is None
    assert heard == ["sleeper ended with status -9 and was started again"]
    assert gone([first, second.pid], 1.0)


def test_a_child_that_will_not_stay_up_ends_the_house_with_its_last_words(tmp_path: Path) -> None:
    with Supervisor(log=tmp_path, grace=0.3) as house:
        house.start(child("hopeless", "print('no use')"))
        with pytest.raises(ChildFailed, match=r"ended 5 times within a minute[\s\S]*no use"):
            house.keep(tend=lambda: [one[1].wait() for one in house.running], say=lambda _: None)
    assert (tmp_path / "hopeless.log").read_text().count("no use") == 5


def test_a_free_port_is_one_that_can_be_listened_on() -> None:
    port = free_port()
    with http.server.HTTPServer(("127.0.0.1", port), http.server.BaseHTTPRequestHandler) as server:
        assert server.server_port == port
