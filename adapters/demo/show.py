"""The demo: a county is made, lives, and answers real questions over real HTTP."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic, sleep
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

from adapters.assembly import Settings, assemble
from adapters.bulk import Importer
from adapters.demo import FOUNDED, SimulatedClock, Story, build_town
from adapters.demo.auditor import audit
from adapters.demo.cards import make_cards
from adapters.demo.cleaning import clean_up
from adapters.demo.exchange import show_exchange
from adapters.demo.town import TOWNSHIPS
from adapters.eventstore import microseconds
from adapters.http.auth import issue, new_keys
from adapters.http.server import serve
from adapters.ids import salts
from adapters.projector import Projector
from registry.errors import Conflict

PATIENCE_S = 600
#: An exit code over this one tells the signal.
ENDED_BY = 128
DATABASE = "registry.db"
OFFICE = "510683001000"
HEADERS = {"Purpose": "supervision", "Content-Type": "application/json"}


class Desk:
    """Asks the server, as any client would, with nothing but a token."""

    def __init__(self, port: int, token: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.headers = {**HEADERS, "Authorization": f"Bearer {token}"}

    def ask(self, path: str, **parameters: object) -> dict[str, Any]:
        """A question's answer."""
        return self._send(path + ("?" + urlencode(parameters) if parameters else ""), None)

    def submit(self, name: str, fields: Mapping[str, object]) -> dict[str, Any]:
        """A command's answer, or the problem that the register sees."""
        headers = {"Submission-Id": str(uuid4())}
        return self._send(f"/commands/{name}", json.dumps(fields).encode(), headers)

    def _send(
        self, path: str, body: bytes | None, more: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        request = Request(self.url + path, body, {**self.headers, **(more or {})})
        try:
            with urlopen(request, timeout=60) as response:
                told: dict[str, Any] = json.load(response)
        except HTTPError as error:
            told = json.load(error)
        return told


def show(
    people: int = 30_000,
    years: float = 20,
    seed: int = 2004,
    folder: Path | None = None,
    attended: bool | None = None,
) -> None:
    """Make a county and let it answer; at a terminal serve on until Ctrl-C.

    folder: where everything is kept; a temporary one that is removed again unless given.
    """
    if folder is not None and (folder / DATABASE).exists():
        raise Conflict(f"a register stands in {folder} already; name another folder, or remove it")
    if attended is None:
        attended = sys.stdin.isatty() and sys.stdout.isatty()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(ENDED_BY + number))
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            perform(people, years, seed, folder, attended)
            return
        with TemporaryDirectory(prefix="registry-demo-") as made:
            perform(people, years, seed, Path(made), attended)
    except KeyboardInterrupt:
        kept = "nothing of it is kept" if folder is None else f"what was made is in {folder}"
        print(f"\nThe demo was stopped; {kept}.", file=sys.stderr)
        raise SystemExit(ENDED_BY + signal.SIGINT) from None


def perform(people: int, years: float, seed: int, folder: Path, attended: bool) -> None:
    """All acts, in a folder that is there."""
    settings = Settings(
        database=f"sqlite:///{(folder / DATABASE).resolve()}",
        keys=str((folder / "keys.json").resolve()),
        card_keys=str((folder / "cards.key").resolve()),
        card_signing_key=str((folder / "cards-signing.key").resolve()),
        media_key=str((folder / "media.key").resolve()),
        durability="normal",
        node_name="synthetic",
    )
    print("A make-believe county: every person, number, officer and document in it is synthetic.")
    clock = SimulatedClock()
    parts = assemble(settings, clock=clock, create=True)
    Projector(parts.engine, parts.store).prepare()
    new_keys(folder / "keys.json")
    with serving(settings) as port:
        start = monotonic()
        desk = Desk(port, token(settings))

        def follow() -> None:
            wait_for_read_models(desk, parts.engine, parts.store)
            found = desk.ask("/places", code=TOWNSHIPS[0][1], valid_on=FOUNDED)
            ask_count(desk, found["places"][0]["id"], FOUNDED, "the whole county")

        importer = Importer(parts.store, parts.setting, clock=clock, salt=salts)
        with importer:
            story = build_town(
                parts.register, importer, clock, people, years, seed, 7, Teller(start, follow)
            )
        print(f"\r{'':70}\rmade in {monotonic() - start:.0f} s")
        tell(story)
        wait_for_read_models(desk, parts.engine, parts.store)
        ask(desk, story)
        clean_up(desk, story)
        show_exchange(desk, story.until)
        make_cards(
            settings,
            folder.resolve(),
            story,
            parts,
            clock,
            lambda: wait_for_read_models(desk, parts.engine, parts.store),
        )
        wait_for_read_models(desk, parts.engine, parts.store)
        audit(settings, folder, story)
        advise(desk, story, folder, attended)
        if attended:
            stay(desk)
    parts.engine.dispose()
    gc.freeze()  # a million objects end with the process, which need not look for rings among them


class Teller:
    """Prints how far the county is, on one line; asks a first question when it has people."""

    def __init__(self, start: float, first: Callable[[], None]) -> None:
        self.start, self.first = start, first
        self.live = sys.stdout.isatty()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell that so much of so much is done."""
        text = f"{monotonic() - self.start:4.0f} s  {what}: {done:,} of {total:,}"
        if self.live:
            print(f"\r{text:70}", end="", flush=True)
        elif what != "days" or done * 10 // total != (done - 30) * 10 // total:
            print(text, flush=True)
        if what == "imported":
            print()
            self.first()


def _serve(settings: Settings, told: Connection) -> None:
    """The server's process; it says its port, and does not outlive whoever started it."""
    # A key that ends the demo reaches both at once; its own end is the demo's to bring about.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent_process(),), daemon=True).start()
    serve(settings, port=0, started=told.send)


def _end_with(parent: Any) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def serving(settings: Settings) -> Iterator[int]:
    """The real server on a loopback port, in a process of its own; gives the port."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(settings, theirs))
    process.start()
    try:
        if not ours.poll(60):
            raise TimeoutError("the server did not start within a minute")
        yield ours.recv()
    finally:
        process.terminate()
        process.join(30)
        if process.is_alive():
            process.kill()
            process.join()


def token(settings: Settings) -> str:
    """A day's token for an officer who does not exist."""
    return issue(
        settings.keys,
        officer="synthetic-demo",
        office=OFFICE,
        roles=["station", "county"],
        now=microseconds(),
    )


def wait_for_read_models(desk: Desk, engine: Any, store: Any) -> None:
    """Wait until what is answered is what was recorded."""
    projector = Projector(engine, store)
    until = monotonic() + PATIENCE_S
    while (lag := projector.lag()) > 0:
        if monotonic() > until:
            raise TimeoutError(f"the read models still lack {lag:,} entries")
        sleep(0.1)


def tell(story: Story) -> None:
    """Print what was made."""
    print(
        f"  {story.founders:,} people on {story.founded_on}; {story.residents:,} in"
        f" {story.households:,} households ({story.household_size:.2f} each) on {story.until}"
    )
    planted = ", ".join(f"{number} {kind}" for kind, number in sorted(story.planted.items()))
    print(f"  planted faults of numbers: {planted}")
    busy = ", ".join(f"{count:,} {cause}" for cause, count in story.done.most_common(8))
    print(f"  {sum(story.done.values()):,} businesses: {busy} …")
    print(f"  refused: {len(story.refused)}")
    for cause, day, error in story.refused:
        print(f"    {day}  {cause}: {error}")


def ask(desk: Desk, story: Story) -> None:
    """Ask the questions and print the answers."""
    day = min(date(2007, 1, 15), story.until)
    for on in (story.founded_on, day, story.until):
        ask_count(desk, story.township, on)
    found = desk.ask(f"/persons/{story.mover}/timeline")
    words = ", ".join(entry["event"] for entry in found["entries"])
    _say("What has happened to the person with most entries?", words)
    found = desk.ask(f"/doorplates/{story.doorplate}/households")
    _say("How many households are at one door plate?", str(len(found["households"])))
    found = desk.ask("/number-cases")
    _say("How many number cases are open?", str(len(found["cases"])))
    if story.late_death is not None:
        _ask_late(desk, *story.late_death)


def ask_count(desk: Desk, place: object, on: date, name: str = TOWNSHIPS[0][0]) -> None:
    """The first of all questions."""
    found = desk.ask(f"/places/{place}/count", valid_on=on)
    _say(f"How many people lived in {name} on {on}?", str(found["count"]))


def _ask_late(desk: Desk, person: object, died: date, declared: date) -> None:
    path, on = f"/persons/{person}/residence", died + timedelta(1)
    then = desk.ask(path, valid_on=on, known_at=declared - timedelta(1))
    now = desk.ask(path, valid_on=on)
    _say(
        f"Where lived on {on} somebody whose death of {died} was declared on {declared}?",
        f"as known the day before: {_place(then)}; as known now: {_place(now)}",
    )
    again = {"person": str(person), "died_on": str(on), "declarant": "synthetic"}
    refused = desk.submit("RegisterDeath", again)
    rules = [f"{rule['message']} [{rule['law']}]" for rule in refused.get("rules", ())]
    _say("May the death be registered again?", "; ".join(rules) or str(refused))


def _place(told: Mapping[str, Any]) -> str:
    """The community of a residence, in few words."""
    found = told.get("residence")
    return f"community {found['community']}" if found else "nowhere"


def _say(question: str, answer: str) -> None:
    print(f"  ? {question}\n    {answer}")


def advise(desk: Desk, story: Story, folder: Path, attended: bool) -> None:
    """Print the addresses and three things to try."""
    (folder / "token").write_text(desk.headers["Authorization"].removeprefix("Bearer "))
    (folder / "token").chmod(0o600)
    key = f'-H "Authorization: Bearer $(cat {folder / "token"})"'
    curl = f'curl -s {key} -H "Purpose: supervision"'
    print(f"Served at {desk.url}, documented at {desk.url}/docs. Three things to try:")
    if not attended:
        print("  (The server stops now; at a terminal the demo goes on serving until Ctrl-C.)")
    print(f"  1. {curl} {desk.url}/persons/{story.mover}/timeline")
    print(f"  2. {curl} '{desk.url}/doorplates/{story.doorplate}/occupants?valid_on=2007-01-15'")
    when = "valid_on=2007-01-15&known_at=2007-01-15"
    print(f"  3. {curl} '{desk.url}/places/{story.township}/count?{when}'")


def stay(desk: Desk) -> None:
    """Serve until somebody has seen enough."""
    print("Serving until Ctrl-C.", flush=True)
    try:
        while True:
            sleep(3600)
    except KeyboardInterrupt:
        print()
