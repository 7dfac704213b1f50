"""A card and the machine that feeds it, made of software, behind a real PC/SC service.

For tests, demonstrations and trying out a station: everything above the driver of the readers is
what a station uses. The machine is a process of its own and keeps its cards in files, so that any
process around it may be killed at any time, itself too.
"""
