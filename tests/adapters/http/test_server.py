"""The server as it is started: processes, a socket, and an end without loss."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from adapters.assembly import Settings, assemble
from adapters.eventstore import microseconds
from adapters.http.auth import issue

START = """
import sys
from adapters.assembly import Settings
from adapters.http.server import serve
if __name__ == "__main__":
    serve(Settings(database=sys.argv[1], keys=sys.argv[2], durability="off"), port=0,
          workers=int(sys.argv[3]), started=lambda port: print(port, flush=True))
"""
PROVINCE = {"level": 1, "division_code": "510000", "division_name": "四川省", "on": "1990-01-01"}


@pytest.mark.parametrize(("kind", "workers"), [("sqlite", 1), ("postgres", 2)])
def test_what_was_answered_is_there_after_a_restart(
    kind: str, workers: int, request: pytest.FixtureRequest, tmp_path: Path, keys: Path
):
    url = request.getfixturevalue(f"{kind}_url")
    assemble(Settings(database=url, keys=str(keys)), create=True).engine.dispose()
    script = tmp_path / "start.py"
    script.write_text(START)
    command = [sys.executable, str(script), url, str(keys), str(workers)]
    roles = ["administrator", "station", "feed"]
    token = issue(keys, officer="李", office="510603001001", roles=roles, now=microseconds())
    submission = str(uuid4())
    answers = []
    for _ in range(2 if kind == "sqlite" else 1):
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as server:
            assert server.stdout is not None
            address = f"http://127.0.0.1:{int(server.stdout.readline())}"
            headers = {"Authorization": f"Bearer {token}", "Submission-Id": submission}
            with httpx2.Client(base_url=address, timeout=60, headers=headers) as client:
                told = client.post("/commands/EstablishDivision", json=PROVINCE)
                assert told.status_code == 200, told.text
                answers.append(told.json())
                found = client.get(
                    "/places", params={"code": "510000", "after": told.json()["receipt"]}
                )
                assert [one["name"] for one in found.json()["places"]] == ["四川省"]
                assert client.get("/health/ready").status_code == 200
                assert "registry_requests_total" in client.get("/metrics").text
            begun = time.monotonic()
            server.send_signal(signal.SIGTERM)
            assert server.wait(40) == 0
            assert time.monotonic() - begun < 30
    assert answers[0] == answers[-1]


def test_a_server_begins_without_what_draws_prints_or_compiles():
    script = (
        "import sys\n"
        "import adapters.http.app, adapters.http.server\n"
        "heavy = 'matplotlib numba weasyprint cv2 pandas'\n"
        "print('loaded:', sorted(set(heavy.split()) & sys.modules.keys()))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout == "loaded: []\n"


def test_sqlite_is_served_by_one_worker(tmp_path: Path, keys: Path):
    from adapters.http.server import serve

    with pytest.raises(ValueError, match="one worker"):
        serve(Settings(database=f"sqlite:///{tmp_path}/r.db", keys=str(keys)), workers=2)
