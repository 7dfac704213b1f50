"""What a card prints of its holder, where it follows from the register and has no field of its own.

Source: GA 490-2004; 居民身份证法 art. 3.
"""

from __future__ import annotations

from datetime import date

from registry.aggregates import Doorplate, Places, Street
from registry.values import Level


def printed_address(places: Places, street: Street, plate: Doorplate, on: date) -> str:
    """The address of registration as a card prints it (住址), by the divisions of a day.

    From the province down to where the street lies, then street, number and detail of the plate.
    A city stands above its districts (区) only: 四川省德阳市旌阳区 but 四川省绵竹市.
    """
    above = {fact.level: str(fact.name) for _, fact in places.above(street.division, on)}
    if not above.get(Level.COUNTY, "区").endswith("区"):
        above.pop(Level.CITY, None)
    divisions = (above[level] for level in Level if level in above)
    return "".join((*divisions, street.street_name, plate.plate_number, plate.plate_detail or ""))
