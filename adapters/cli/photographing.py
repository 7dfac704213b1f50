"""Verbs around what a card shows: photographs checked, kept, given out; its bytes made again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import UUID

import click

from adapters.cli.checking import check
from adapters.cli.desk import Desk, asking, query_log
from adapters.cli.frame import ID, WRONG, Verbs, answer, as_json, malformed, show_fields, show_table
from registry.values import Digest, MediaType

if TYPE_CHECKING:
    from adapters.card.derive import Derivation
    from adapters.media import Media
    from adapters.querylog import QueryLog
    from registry.photo_rules import Report

#: Who takes photographs, and who may look at one.
TAKERS = ("station", "county")
SEERS = ("station", "county", "city", "province", "production-centre", "auditor")
#: Who destroys a person's photographs.
DESTROYER = "administrator"
#: Who may have the bytes of a card made again.
COMPARERS = ("production-centre", "auditor")
LANGUAGE = click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True
)


@click.group(cls=Verbs)
def photo() -> None:
    """Check photographs for cards, keep them, give them out (照片)."""


@photo.command("check")
@click.argument("file", type=click.File("rb"))
@LANGUAGE
@as_json
def check_photo(file: IO[bytes], language: str) -> None:
    """Hold a photograph against GA 461, and say what to do about each fault.

    Size, form, background and outline decide; that no face or eyes were found only warns. Ends with
    1 where the photograph cannot be taken. Nothing is kept.

    \b
    registry photo check portrait.jpg --language en
    """
    from adapters.http.questions.photographs import report_told
    from adapters.photos.checking import check as held_against

    report = held_against(file.read())
    answer(report_told(report), lambda: _show(report, language))
    if report.faults:
        raise click.exceptions.Exit(WRONG)


@photo.command("keep")
@click.argument("person", type=ID)
@click.argument("file", type=click.File("rb"))
@click.option("--looked", is_flag=True, help="An officer looked at what the checks warn of.")
@LANGUAGE
@asking()
@as_json
def keep_photo(desk: Desk, person: UUID, file: IO[bytes], looked: bool, language: str) -> None:
    """Check a person's photograph, make it small for the chip, keep both (照片入库).

    Answers with what the command CompleteCapture names of it. A photograph with faults is not kept,
    one with warnings only after an officer has looked; then the verb ends with 1.

    \b
    registry photo keep 01890a5d-ac96-774b-bcce-b302099a8057 portrait.jpg --purpose identity-card
    """
    from adapters.http.questions.photographs import report_told
    from adapters.photos.checking import check as held_against
    from adapters.photos.encoding import chip_photo

    desk.need(*TAKERS)
    known = desk.reader.person(person, desk.at)
    if known is None:
        raise desk.missing("photo", "person", person)
    desk.guard_person("photo", known, person)
    content = file.read()
    report = held_against(content)
    if report.faults or (report.warnings and not looked):
        answer(report_told(report), lambda: _show(report, language))
        raise click.exceptions.Exit(WRONG)
    kept = _media(desk).keep(
        person, (content, MediaType.JPEG), (chip_photo(content), MediaType.WEBP)
    )
    told = {
        "photo": kept[0],
        "photo_size": len(content),
        "photo_type": MediaType.JPEG,
        "photo_verdict": report.verdict,
        "chip_photo": kept[1],
    }
    answer(told, lambda: show_fields(told))


@photo.command("keep-prints")
@click.argument("person", type=ID)
@click.argument("files", type=click.File("rb"), nargs=-1, required=True)
@asking()
@as_json
def keep_prints(desk: Desk, person: UUID, files: tuple[IO[bytes], ...]) -> None:
    """Keep the features of a person's fingers, a file of 512 bytes each (指纹特征入库).

    Answers with the digests that the command TakeFingerprints names, in the order of the files.
    """
    from registry.chip.image import PRINT_SIZE

    desk.need(*TAKERS)
    known = desk.reader.person(person, desk.at)
    if known is None:
        raise desk.missing("photo", "person", person)
    desk.guard_person("photo", known, person)
    contents = [file.read() for file in files]
    if any(len(content) != PRINT_SIZE for content in contents):
        raise malformed("FILES", f"the features of a finger have {PRINT_SIZE} bytes")
    kept = _media(desk).keep(person, *((one, MediaType.FEATURES) for one in contents))
    answer(list(kept), lambda: click.echo("\n".join(kept)))


@photo.command("show")
@click.argument("person", type=ID)
@click.argument("digest")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@asking()
@as_json
def show_photo(desk: Desk, person: UUID, digest: str, file: Path) -> None:
    """Write a person's photograph into a new file that its owner alone reads (调阅照片).

    \b
    registry photo show 01890a5d-ac96-774b-bcce-b302099a8057 9f86d081… portrait.jpg \\
        --purpose identity-card
    """
    from adapters.files import OWNER_ONLY, write_whole

    desk.need(*SEERS)
    try:
        named = Digest(digest)
    except ValueError as error:
        raise malformed("DIGEST", str(error)) from error
    if file.exists():
        raise malformed("FILE", f"{file} is there already; name a new file")
    known = desk.reader.person(person, desk.at)
    if known is None:
        raise desk.missing("photo", "person", person)
    desk.guard_person("photo", known, person)
    with closing(query_log(desk.parts)) as log:
        (content,) = _media(desk).read(person, [named], log, desk.asked("photo"))
    write_whole(file, content, OWNER_ONLY)
    told = {"file": file, "bytes": len(content)}
    answer(told, lambda: show_fields(told))


@photo.command("forget")
@click.argument("person", type=ID)
@asking()
@as_json
def forget_photos(desk: Desk, person: UUID) -> None:
    """Destroy a person's photographs and prints, and the key to them, for ever (销毁照片).

    The register keeps their digests and proofs go on to hold; the bytes of the person's cards
    cannot be made again. A backup from before still has them: who restores one forgets again.
    """
    desk.need(DESTROYER)
    known = desk.reader.person(person, desk.at)
    if known is None:
        raise desk.missing("photo-forget", "person", person)
    desk.guard_person("photo-forget", known, person)
    kept = _media(desk)
    desk.log("photo-forget", "answered", subjects=[person], rows=len(kept.digests(person)))
    told = {"forgotten": kept.forget(person)}
    answer(told, lambda: show_fields(told))


@check.command("chip")
@click.argument("bodies", metavar="BODY...", type=ID, nargs=-1, required=True)
@asking()
@as_json
def check_chip(desk: Desk, bodies: tuple[UUID, ...]) -> None:
    """Make the bytes of cards again, and hold them against what was recorded (芯片数据核对).

    From the register as it was when a card was signed, the photograph and prints that were kept,
    and the key that signed. Ends with 1 where one has not the bytes that were written.

    \b
    registry check chip 01890a5d-ac96-774b-bcce-b302099a8057 --purpose supervision
    """
    desk.need(*COMPARERS)
    with closing(query_log(desk.parts)) as log:
        past = _derivation(desk, log)
        for body in bodies:
            person = past.told(past.written(body).application).person
            desk.guard_person("chip", desk.reader.person(person, desk.at), person)
        found = [past.compare(body) for body in bodies]
    told = [{**asdict(one), "agrees": one.agrees} for one in found]
    rows = [[one.body, one.attempt, one.recorded, one.agrees] for one in found]
    answer(told, lambda: show_table("chips", ["body", "attempt", "recorded", "agrees"], rows))
    if not all(one.agrees for one in found):
        raise click.exceptions.Exit(WRONG)


def _media(desk: Desk) -> Media:
    from adapters.media import Media, open_node_keys

    return Media(desk.parts.engine, open_node_keys(Path(desk.parts.settings.media_key)))


def _derivation(desk: Desk, log: QueryLog) -> Derivation:
    from adapters.card.derive import Derivation
    from adapters.card.signatures import open_signers

    parts, settings = desk.parts, desk.parts.settings
    pictures = _media(desk).reader(log, desk.asked("chip"))
    signers = open_signers(Path(settings.card_signing_key))
    return Derivation(parts.store, parts.setting.places, pictures, signers)


def _show(report: Report, language: str) -> None:
    zh = language == "zh"
    heads = ("不合格", "请核对") if zh else ("has to be put right", "look at this")
    for head, findings in zip(heads, (report.faults, report.warnings), strict=True):
        for one in findings:
            click.echo(f"[{head}] {one.told('zh' if zh else 'en')}")
    if not (report.faults or report.warnings):
        click.echo("合格" if zh else "good")
