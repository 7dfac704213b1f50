"""The verb of a county's desk that appends an address to the chip of a card."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from adapters.cli.frame import ID, answer, as_json, malformed, opened, show_fields
from adapters.cli.submitting import acting, authority
from registry.errors import Unavailable
from registry.values import ApplicationId, PaperNumber


@click.command("append-address")
@click.argument("application", type=ID)
@click.option("--device", required=True, metavar="NUMBER", help="Number of the writer.")
@click.option("--reader", metavar="NAME", help="Default: the one that there is.")
@click.option(
    "--machine",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of an emulated machine in which the reader is.",
)
@click.option("--wait", type=click.FloatRange(0), default=30.0, help="Seconds to wait for a card.")
@acting
@as_json
def append_address(
    application: UUID,
    device: str,
    reader: str | None,
    machine: Path | None,
    wait: float,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Append the holder's present address to the card in the reader (追加住址).

    After a power failure it is typed again with the same card, and goes on where the chip stands.

    \b
    registry append-address 01890a5d-ac96-774b-bcce-b302099a8057 --device W-17 --roles county
    """
    from adapters.card.county import Desk
    from adapters.card.keys import open_keys
    from adapters.card.signatures import open_signers
    from adapters.eventstore import microseconds
    from adapters.ids import ids
    from adapters.producing import find_service

    try:
        number = PaperNumber(device)
    except ValueError as error:
        raise malformed("--device", str(error)) from error
    by = authority(officer, office, roles, area)
    if machine is not None:
        find_service(machine)
    from adapters.card.reader import Reader, readers

    names = [reader] if reader else readers()
    if len(names) != 1:
        raise malformed("--reader", f"name one of {', '.join(names) or 'none: plug one in'}")
    with opened() as parts, Reader(names[0]) as slot:
        signer = open_signers(Path(parts.settings.card_signing_key)).newest
        keys = open_keys(Path(parts.settings.card_keys))
        desk = Desk(parts.register, by, number, keys, signer, ids(microseconds))
        if not slot.wait_for_card(wait):
            raise Unavailable(f"no card came into {names[0]}; put it in, and type this again")
        with slot.connect() as card:
            told = desk.append(ApplicationId(application), card)
    fields = {"slot": told.slot, "recovered": told.recovered}
    answer(fields, lambda: show_fields({"slot": told.slot, "stood already": told.recovered}))
