"""The read models that columns can fill."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.replaying.cards import (
    APPLIED,
    BODY,
    MADE,
    STEP,
    application_rows,
    move_rows,
    step_rows,
)
from adapters.replaying.keyed import member_rows, number_rows
from adapters.replaying.model import Model, plainly
from adapters.replaying.people import flow_rows, residence_rows
from registry.projections import households, persons, residences
from registry.projections.addresses import DOORPLATE, STREET

MODELS: Mapping[str, Model] = {
    model.name: model
    for model in (  # those with the most rows before the others
        Model("issuance", (*APPLIED, *MADE, "extension"), application_rows),
        Model("card_steps", STEP, step_rows),
        plainly("persons", persons.PACKING.names),
        Model("residences", residences.FOLD.names, residence_rows),
        Model("flows", ("life", "community", "nature"), flow_rows),
        plainly("households", households.PACKING.names),
        Model("household_members", (), member_rows),
        plainly("doorplates", DOORPLATE.names),
        plainly("streets", STREET.names),
        Model("numbers", (), number_rows),
        plainly("bodies", BODY),
        Model("body_moves", ("site", "state", "work_order"), move_rows),
    )
}
