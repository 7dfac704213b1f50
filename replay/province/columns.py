"""Where things stand in a town while it is planned: one table of integers, for kernels.

A kernel that is given one array is fast to compile and to call, so a town is one table of integers,
whose rows are counters, days, persons, households and so on, and at last the plan. They have 64
bits, though fewer would do: else a kernel would be compiled anew for each mixture of widths.
Persons, households, plates, numbers, books, certificates, cases, applications and card bodies are
counted from 0 within their town, days from 1880-01-01, and nothing is -1.
"""

from __future__ import annotations

NO = -1

# Where the rows of each thing begin, and how many there may be. Memory that is not written is not
# taken, so there is room for towns far larger than those of a province.
COUNTED = 0
DEATHS, NEWCOMERS, RENAMED = 64, 128, 192  # young enough to be undone, in turns of RING
RING = 64
DAYS = 1 << 10
CASES, TRANSIT = 1 << 17, (1 << 17) + (1 << 16)
PERSONS, HOUSES, PLATES = 1 << 18, 1 << 19, (1 << 19) + (1 << 17)
APPLICATIONS, PLAN = (1 << 19) + (1 << 18), 1 << 20
MOST_PERSONS, MOST_HOUSES, MOST_APPLICATIONS, MOST_PLANNED = 1 << 18, 1 << 17, 1 << 18, 1 << 20
ROWS, WIDTH = 1 << 21, 24

# The plan: a business a row; the columns of a row.
BUSINESS, RECORDED, EFFECTIVE, PERSON, HOUSE, COMMUNITY = 0, 1, 2, 3, 4, 5
HEAD = 6  # who heads `house` afterwards
RELATION = 7  # of the person to that head: a place in RELATIONS
FROM_HOUSE, FROM_COMMUNITY = 8, 9
FROM_HEAD = 10  # who heads `from_house` afterwards; -1: it closes
HEIR = 11  # 1 where that is somebody else than before
BORN, SEX, NAME = 12, 13, 14
CODE = 15  # the number's sequence code, 0 for none; 1024 more where its check is wrong
NUMBER = 16
COUNT, VERSION, OTHER, CASE, FROM_NUMBER, HOUSE_VERSION = 17, 18, 19, 20, 21, 22

# Businesses, and what the columns that say different things say of each.
B_PLATE = 0  # other: the plate
B_HOUSEHOLD = 1  # other: the plate; count: its members, whose B_PERSON rows follow
B_PERSON = 2  # taken over with the household
B_BIRTH = 3  # other: twice the book, plus one where it is opened
B_DEATH = 4
B_MOVE = 5  # to a household that exists
B_SPLIT = 6  # to a household that is founded; other: its plate
B_MERGE = 7  # count: movers, the others in B_MEMBER rows that follow; their household ends
B_MOVE_HOUSE = 8  # other: the plate; count: members who change community, in B_MEMBER rows
B_MEMBER = 9
B_OUT = 10  # other: the certificate, or -1 for who gets none
B_IN = 11  # other: the certificate
B_NEWCOMER = 12
B_NAME = 13
B_CORRECT_NAME = 14  # version: the one that was wrong
B_CORRECT_NATIONALITY = 15  # version: likewise; name: which, modulo three
B_CORRECT_BIRTH = 16  # version: likewise; the number follows: other as in B_BIRTH, from_number
B_DETAILS = 17  # name: the height in centimetres
B_VOID = 18  # version: the entry that falls
B_RESTORE = 19  # version: the death; house_version: its first on the household; count: how many
B_REVERSE = 20  # version: the arrival; house_version: likewise; the number ends
B_ADJUST = 21  # other: the plate; then a row for each household there, and its B_MEMBER rows
B_VERIFY = 22
B_RENUMBER = 23  # a party to `case` gets a number: other as in B_BIRTH, from_number
B_CLOSE_CASE = 24  # person: who keeps the number
B_APPLY = 25  # other: the application; count: the day's sequence at the station
B_STEP = 26  # other: the application; code: of the event; version: of its entry; count: the
# attempt; number: the card body, house_version: its version; sex: 1 where the body is spoiled
# with it; born: when the applicant was
BUSINESSES = 27

# What a town counts: first its streams.
N_PERSON, N_HOUSEHOLD, N_DOORPLATE, N_NUMBER, N_BOOK = 0, 1, 2, 3, 4
N_CERTIFICATE, N_CASE, N_APPLICATION, N_CARD = 5, 6, 7, 8
N_PLAN, N_TRANSIT = 9, 10
N_WRONG = 11  # numbers with a wrong check character
N_DUPLICATE = 12  # persons who brought somebody else's number
N_ILLEGAL = 13  # steps of applications that the table of states does not allow
N_FOR_DEAD = 14  # applications for somebody who had died
N_DEATHS, N_NEWCOMERS, N_NAMES = 15, 16, 17  # that may still be undone
N_FULL = 18  # 1 where there was no room for all
DICE = 20  # and the next: what `replay.province.dice` throws with
FAULTS = 22  # how many times as often as usual something is wrong

# What a town knows of a day: the book of those born on it, the first application with a step due,
# and how many sequence codes are used: brought and given, of men and of women.
D_BOOK, D_DUE, D_USED = 0, 1, 2

# What a town knows of a person.
P_BORN, P_SEX, P_HOUSE, P_STATE, P_RELATION, P_NEXT = 0, 1, 2, 3, 4, 5
P_SINCE = 6  # the day from which they live there
P_OPENED = 7
P_LAST = 8  # the last day on which anything is so for them
P_VERSION, P_NAME = 9, 10
P_NAMED, P_NAMED_ON = 11, 12  # the version that gave the name, 0 once it is void
P_NUMBER, P_CODE, P_CERTIFICATE = 13, 14, 15
P_DISPUTED = 16  # the case to which they are party
P_APPLIED, P_VERIFIED = 17, 18
P_HEIGHT, P_NATION = 19, 20  # what was written last: each time it is another
P_TWIN = 21  # the other record of the same person

# Of a household.
H_HEAD, H_FIRST, H_MEMBERS, H_COMMUNITY, H_PLATE = 0, 1, 2, 3, 4
H_SETTLED = 5  # the day from which head and place are so
H_TOUCHED = 6  # the last day on which anything is so
H_VERSION, H_CLOSED = 7, 8

# Of a door plate: its community, and since when.
Q_WHERE, Q_PLACED = 0, 1

# Of an application.
A_APPLICANT, A_STAGE, A_AFTER, A_ATTEMPT, A_BODY, A_BODY_VERSION = 0, 1, 2, 3, 4, 5
A_STEPS, A_NEXT_STEP, A_ORDERED = 6, 7, 8
A_GOOD = 9  # 1 while its last body is a good card

# What became of a person.
RESIDENT, DEAD, AWAY, REVERSED = 0, 1, 2, 3
#: Relations to the head as a plan says them.
RELATIONS = ("02", "10", "20", "30", "97")
HEADS, SPOUSE, SON, DAUGHTER, RELATIVE = 0, 1, 2, 3, 4

#: Names in the pool from which everybody's is taken.
NAMES = 1920
COMMUNITIES = 8
#: Nobody was born before 1900-01-01.
FIRST_BIRTH = 7305

# An entry, before it is laid out: a row of integers.
E_KIND, E_ENTITY, E_CODE, E_DAY, E_INDEX, E_RECORDED, E_BUSINESS = 0, 1, 2, 3, 4, 5, 6
E_A, E_B, E_C, E_BORN, E_NAME, E_NUMBER = 7, 8, 9, 10, 11, 12  # what `telling` says of each
E_VERSION = 13  # the version that is corrected, confirmed or the first to be voided
E_FIRST, E_LENGTH = 14, 15  # of a list
E_WIDTH = 16
E_D, E_E, E_F = E_BORN, E_NAME, E_NUMBER  # where an entry says nothing of a person's items
