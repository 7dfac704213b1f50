"""The fields of the records that check rules speak of: what each holds, as an integer or absent.

Codes stand as integers, days as in `registry.values.day_number`, texts by their number of
characters, yes and no as 1 and 0. What an extract has and this register does not keep, such as a
blood type, is absent in the register's own records.
"""

from __future__ import annotations

#: A person (人).
PERSON: dict[str, str] = {
    "today": "the day of the check",
    "age": "full years, -1 where the birth lies ahead",
    "name_length": "characters of the name",
    "former_name_length": "characters of the former name (曾用名)",
    "guardian_name_length": "characters of the guardian's name",
    "sex": "code",
    "nationality": "code",
    "nature": "code of the nature of the registration (户别)",
    "birth": "day of birth",
    "number_right": "whether the number is right, 0 also where a text stands in its place",
    "number_sex": "code of the sex that the number states",
    "number_birth": "day of birth that the number states",
    "number_twin": "somebody else holds the number: 1 in the county, 2 in the city, 3 elsewhere",
    "person_twin": "probably registered twice: 1 in the county, 2 in the city, 3 elsewhere",
    "education": "code",
    "marital_status": "code",
    "military_service": "code",
    "height_cm": "centimetres",
    "blood_type": "code; in extracts only",
    "information_level": "code; in extracts only",
    "birth_place_listed": "whether the birth place ever was a division",
    "native_place_listed": "whether the native place ever was a division",
    "guardian_relation": "code of the guardian's relation; in extracts only",
    "guardians": "how many of guardian, mother and father are named",
    "guardian_one_number": "whether the guardian, where registered here, has a right number",
    "guardian_two_number": "whether a second guardian has a right number; in extracts only",
    "household_type": "code of the household's type",
    "relation": "code of the relation to the head",
    "relation_sex": "code of the sex that the relation implies",
    "generation": "generations above the head, by the relation; below it negative",
    "older_than_head": "full years by which the person is older than the head, else negative",
    "card_from": "day on which the newest card was signed",
    "card_years": "years for which that card holds, 0 for life",
    "card_years_due": "years for which it should, by the age on that day",
    "photo": "1 where a photo for a card was taken",
}
#: A household (户) that is open, with its address.
HOUSEHOLD: dict[str, str] = {
    "household_type": "code",
    "members": "how many live in it by its list of members and their own records",
    "heads": "how many of them are its head",
    "husbands": "how many are the head's husband (夫)",
    "wives": "how many are the head's wife (妻)",
    "spouses": "how many are the head's spouse, by any of the words",
    "county": "1 where the address lies in a county with a code",
    "township": "1 where it lies in a township",
    "committee": "1 where it lies in a community",
    "street": "1 where its door plate stands in a street",
    "bureau": "1 where a county's police issue its cards",
    "station": "1 where a police station looks after it",
}
FIELDS: dict[str, dict[str, str]] = {"person": PERSON, "household": HOUSEHOLD}
