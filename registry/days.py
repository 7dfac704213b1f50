"""The register's day: civil dates at UTC+08:00, instants in microseconds UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
_MICROSECOND = timedelta(microseconds=1)
_DAWN = datetime(1970, 1, 1, tzinfo=UTC)
_DAWN_DAY = _DAWN.toordinal()
_AHEAD, _DAY = 8 * 3_600_000_000, 24 * 3_600_000_000  # microseconds


def day_at(instant: int) -> date:
    """The register's day at an instant in microseconds UTC."""
    return date.fromordinal(_DAWN_DAY + (instant + _AHEAD) // _DAY)


def dawn_of(instant: int) -> int:
    """The first microsecond of the register's day at an instant, UTC."""
    return instant - (instant + _AHEAD) % _DAY


def end_of(day: date) -> int:
    """The last microsecond of a day, UTC."""
    following = datetime(day.year, day.month, day.day, tzinfo=BEIJING) + timedelta(days=1)
    return (following - _DAWN) // _MICROSECOND - 1


def instant_of(moment: datetime) -> int:
    """Microseconds UTC of a moment; one without a zone is taken as UTC+08:00."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=BEIJING)
    return (moment - _DAWN) // _MICROSECOND


def moment_of(instant: int) -> datetime:
    """The moment of an instant, at UTC+08:00."""
    return (_DAWN + instant * _MICROSECOND).astimezone(BEIJING)


def age_on(birth: date, day: date) -> int:
    """Completed years on a day; a birth on 29 February turns a year older on 1 March.

    Source: GA 214.8-2004.

    >>> age_on(date(2004, 2, 29), date(2005, 2, 28)), age_on(date(2004, 2, 29), date(2005, 3, 1))
    (0, 1)
    """
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
