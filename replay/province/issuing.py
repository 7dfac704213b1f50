"""How applications for cards go on in a make-believe town: which step follows which, and when."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from registry.aggregates.application import FOLLOWS
from registry.events import applications as up
from registry.events import issuance as down
from registry.values import CardState
from registry.vocabulary import VOCABULARY
from replay.jit import kernel
from replay.province import columns as c
from replay.province.dice import draw, wrong
from replay.province.living import note, somebody
from replay.province.plan import Town


class Step(NamedTuple):
    """One way on from a state.

    share: how many of a thousand take it; what is left of the thousand stays where it is.
    soonest, spread: it comes after `soonest` days and up to `spread` more.
    """

    event: type
    share: int
    soonest: int = 0
    spread: int = 2


AGAIN = (Step(up.CaptureCompleted, 900, 3, 30), Step(up.ApplicationVoided, 100, 3, 60))
ANEW = (Step(down.CardRedone, 1000, 1, 10),)
#: What usually becomes of an application in each state.
WAYS: Mapping[str, tuple[Step, ...]] = {
    "00": (
        Step(up.CaptureCompleted, 960, 0, 1),
        Step(up.FingerprintCaptured, 30, 0, 1),
        Step(up.ApplicationVoided, 10, 1, 20),
    ),
    "01": (
        Step(up.SubmittedToCounty, 985, 0, 3),
        Step(up.CaptureCompleted, 10, 1, 5),
        Step(up.ApplicationVoided, 5, 1, 30),
    ),
    "02": (Step(down.VoidedAndArchived, 500, 30, 300),),
    "03": (Step(up.ReceivedByCounty, 990, 0, 1), Step(up.SubmittedToCounty, 10, 1, 3)),
    "04": (Step(up.CountyAuditPassed, 980, 0, 4), Step(up.CountyAuditFailed, 20, 0, 4)),
    "06": (Step(up.CaptureCompleted, 1000, 0, 2),),
    "11": (Step(up.CardSigned, 1000, 0, 2),),
    "12": AGAIN,
    "13": (Step(up.SubmittedToCity, 998, 0, 2), Step(up.CountyAuditFailed, 2, 0, 2)),
    "14": (Step(up.ReceivedByCity, 995, 0, 1), Step(up.SubmittedToCity, 5, 1, 3)),
    "15": (
        Step(up.CitySampleOrAuditPassed, 990, 0, 3),
        Step(up.CitySampleOrAuditFailed, 10, 0, 3),
    ),
    "16": (Step(up.SubmittedToProvince, 970, 0, 2), Step(up.ExtractedForPackage, 30, 0, 2)),
    "17": AGAIN,
    "18": (Step(up.ReceivedByProvince, 995, 0, 1), Step(up.SubmittedToProvince, 5, 1, 3)),
    "20": (Step(up.SubmittedToProvince, 1000, 0, 3),),
    "21": (Step(up.ProvinceCheckPassed, 992, 0, 3), Step(up.ProvinceCheckFailed, 8, 0, 3)),
    "22": (Step(up.ProductionPackageBuilt, 1000, 0, 5),),
    "23": AGAIN,
    "24": (
        Step(down.CardProduced, 985, 1, 12),
        Step(up.PackagingRejected, 10, 0, 2),
        Step(up.ProductionRejectedInput, 5, 0, 3),
    ),
    "25": AGAIN,
    "30": AGAIN,
    "31": (
        Step(down.ProvinceReceivedCard, 985, 0, 5),
        Step(down.CardRejectedAtProduction, 10, 0, 2),
        Step(down.CardRedone, 5, 1, 5),
    ),
    "32": (Step(up.ProductionPackageBuilt, 900, 0, 5), Step(down.CardRedone, 100, 0, 5)),
    "60": (
        Step(down.ProvinceInspectionPassed, 950, 0, 2),
        Step(down.ProvinceSorted, 45, 0, 2),
        Step(down.ProvinceInspectionFailed, 5, 0, 2),
    ),
    "61": (Step(down.ProvinceSorted, 900, 0, 1), Step(down.ProvinceDispatched, 100, 0, 2)),
    "62": ANEW,
    "63": (Step(down.CountyReceivedCard, 600, 1, 4), Step(down.CityReceivedCard, 400, 1, 4)),
    "64": (Step(down.ProvinceDispatched, 1000, 0, 2),),
    "70": (Step(down.CityInspectionPassed, 995, 0, 2), Step(down.CityInspectionFailed, 5, 0, 2)),
    "71": (Step(down.CitySorted, 800, 0, 1), Step(down.CityDispatched, 200, 0, 2)),
    "72": ANEW,
    "73": (Step(down.CountyReceivedCard, 1000, 0, 3),),
    "74": (Step(down.CityDispatched, 1000, 0, 2),),
    "80": (
        Step(down.CountyInspectionPassed, 995, 0, 2),
        Step(down.CountyInspectionFailed, 5, 0, 2),
    ),
    "81": (Step(down.CountySorted, 700, 0, 1), Step(down.CountyDispatched, 300, 0, 2)),
    "82": ANEW,
    "83": (Step(down.StationReceivedCard, 1000, 0, 3),),
    "84": (Step(down.CountyDispatched, 990, 0, 2), Step(down.CardHandedOut, 10, 1, 20)),
    "89": (
        Step(down.StationInspectionPassed, 998, 0, 2),
        Step(down.StationInspectionFailed, 2, 0, 2),
    ),
    "90": (
        Step(down.CardHandedOut, 800, 0, 30),
        Step(down.CollectionReminderPrinted, 190, 30, 30),
    ),
    "91": ANEW,
    "92": (Step(down.CardHandedOut, 950, 1, 90),),
    "93": (Step(down.CardReportedLost, 50, 30, 3000), Step(down.CardSurrendered, 60, 300, 3000)),
    "94": (Step(down.CardFound, 100, 1, 60),),
    "95": (Step(down.CardDestroyed, 900, 1, 90),),
    "96": (Step(down.VoidedAndArchived, 1000, 10, 200),),
    "97": (Step(up.ProductionPackageBuilt, 1000, 0, 5),),
}

#: How many of a million steps go where the table of states does not let them.
ILLEGAL_STEPS = 40
#: How many of a million applications are for somebody who has died.
FOR_THE_DEAD = 300


#: Where a row of `ways` has how many ways on there are, the event that reaches the state, the ways
#: (code, state, share, soonest, spread of each), and whether each state may follow.
W_COUNT, W_CODE, W_WAYS, W_FOLLOWS = 0, 1, 2, 17
W_EACH = 5


@cache
def ways() -> Town:
    """WAYS as a table, i8, a state a row; a state is its place in the table of states."""
    states = CardState.all()
    place = {state: number for number, state in enumerate(states)}
    found = np.zeros((len(states), W_FOLLOWS + len(states)), np.int64)
    for word in reversed(list(VOCABULARY.values())):
        if word.reaches is not None:
            found[place[word.reaches], W_CODE] = word.code
    for state, following in FOLLOWS.items():
        row = found[place[CardState(state)]]
        row[[W_FOLLOWS + place[CardState(after)] for after in following]] = 1
        for number, step in enumerate(WAYS.get(state, ())):
            word = VOCABULARY[step.event]
            assert word.reaches in following, f"{word.reaches} does not follow {state}"
            first = W_WAYS + W_EACH * number
            assert first + W_EACH <= W_FOLLOWS, f"too many ways from {state}"
            row[first : first + W_EACH] = (word.code, place[word.reaches], *step[1:])
            row[W_COUNT] += 1
    return found


ORDERED = VOCABULARY[up.ProductionPackageBuilt].code
PRODUCED, DESTROYED = (VOCABULARY[one].code for one in (down.CardProduced, down.CardDestroyed))
REJECTED, REDONE = (
    VOCABULARY[one].code for one in (down.CardRejectedAtProduction, down.CardRedone)
)
#: States of which a wrong step must not begin or end: they tell of a body, or of none any more.
_LAST_WITHOUT_BODY = [*CardState.all()].index(CardState("23"))
#: The state that names a case, which a wrong step has not.
_HELD = [*CardState.all()].index(CardState("10"))


@kernel
def apply(t: Town, w: Town, today: int, last: int, sequence: int) -> bool:
    """Somebody applies for a card, after all items were verified; tells whether it happened."""
    application = int(t[c.COUNTED, c.N_APPLICATION])
    person = -1
    if wrong(t, FOR_THE_DEAD):
        for _ in range(200):
            one = draw(t, t[c.COUNTED, c.N_PERSON])
            if t[c.PERSONS + one, c.P_STATE] == c.DEAD:
                person = one
                t[c.COUNTED, c.N_FOR_DEAD] += 1
                break
    if person < 0:
        person = somebody(t)
    if person < 0 or application == c.MOST_APPLICATIONS:
        return False
    if t[c.PERSONS + person, c.P_VERIFIED] == 0 and t[c.PERSONS + person, c.P_STATE] != c.DEAD:
        t[c.PERSONS + person, c.P_VERIFIED] = 1
        t[c.PERSONS + person, c.P_VERSION] += 1
        t[c.PERSONS + person, c.P_LAST] = max(t[c.PERSONS + person, c.P_LAST], today)
        note(t, c.B_VERIFY, today, today, person, -1)
    t[c.COUNTED, c.N_APPLICATION] = application + 1
    t[c.PERSONS + person, c.P_APPLIED] += 1
    row = note(t, c.B_APPLY, today, today, person, t[c.PERSONS + person, c.P_HOUSE])
    t[row, c.OTHER], t[row, c.COUNT] = application, sequence
    one = c.APPLICATIONS + application
    for column in range(c.WIDTH):
        t[one, column] = 0
    t[one, c.A_APPLICANT], t[one, c.A_BODY], t[one, c.A_STEPS] = person, -1, 1
    choose(t, w, application, today, last)
    return True


@kernel
def choose(t: Town, w: Town, application: int, today: int, last: int) -> None:
    """Decide what comes next for an application, and put it on its day."""
    one = c.APPLICATIONS + application
    state, thrown = t[one, c.A_STAGE], draw(t, 1000)
    for way in range(w[state, W_COUNT]):
        step = W_WAYS + W_EACH * way
        thrown -= w[state, step + 2]
        if thrown < 0:
            day = today + w[state, step + 3] + draw(t, w[state, step + 4] + 1)
            if day <= last:
                t[one, c.A_NEXT_STEP] = step
                t[one, c.A_AFTER] = t[c.DAYS + day, c.D_DUE]
                t[c.DAYS + day, c.D_DUE] = application
            return


@kernel
def advance(t: Town, w: Town, today: int, last: int) -> None:
    """Take every step that is due; what comes on the same day comes in the same round."""
    while t[c.DAYS + today, c.D_DUE] >= 0:
        application = int(t[c.DAYS + today, c.D_DUE])
        one = c.APPLICATIONS + application
        t[c.DAYS + today, c.D_DUE] = t[one, c.A_AFTER]
        before, step = t[one, c.A_STAGE], t[one, c.A_NEXT_STEP]
        code, state = int(w[before, step]), int(w[before, step + 1])
        if before < _LAST_WITHOUT_BODY and wrong(t, ILLEGAL_STEPS):
            state = 1 + draw(t, _LAST_WITHOUT_BODY - 1)
            if state == _HELD:
                state += 1
            code = int(w[state, W_CODE])
            if w[before, W_FOLLOWS + state] == 0:
                t[c.COUNTED, c.N_ILLEGAL] += 1
        take(t, application, code, today)
        t[one, c.A_STAGE] = state
        choose(t, w, application, today, last)


@kernel
def take(t: Town, application: int, code: int, today: int) -> None:
    """Plan a step of an application."""
    one = c.APPLICATIONS + application
    t[one, c.A_STEPS] += 1
    if code == REDONE:
        t[one, c.A_ATTEMPT] += 1
        t[one, c.A_ORDERED] = 0
    elif code == ORDERED:
        if t[one, c.A_ATTEMPT] == 0 or t[one, c.A_ORDERED] != 0:
            t[one, c.A_ATTEMPT] += 1
        t[one, c.A_ORDERED] = 1
    if code == PRODUCED:
        t[one, c.A_BODY], t[one, c.A_BODY_VERSION] = t[c.COUNTED, c.N_CARD], 4
        t[one, c.A_GOOD] = 1
        t[c.COUNTED, c.N_CARD] += 1
    # A card is spoiled before another takes its place, so that nobody has two good ones.
    spoiled = 1 if code == REDONE and t[one, c.A_GOOD] == 1 else 0
    row = note(t, c.B_STEP, today, today, t[one, c.A_APPLICANT], -1)
    if code == DESTROYED:  # proposed, then confirmed: two entries on either stream
        t[one, c.A_STEPS] += 1
        t[one, c.A_BODY_VERSION] += 2
        t[one, c.A_GOOD] = 0
    elif code == REJECTED or spoiled == 1:
        t[one, c.A_BODY_VERSION] += 1
        t[one, c.A_GOOD] = 0
    t[row, c.SEX], t[row, c.BORN] = spoiled, t[c.PERSONS + t[one, c.A_APPLICANT], c.P_BORN]
    t[row, c.OTHER], t[row, c.CODE], t[row, c.NUMBER] = application, code, t[one, c.A_BODY]
    t[row, c.VERSION], t[row, c.COUNT] = t[one, c.A_STEPS], t[one, c.A_ATTEMPT]
    t[row, c.HOUSE_VERSION] = t[one, c.A_BODY_VERSION]
