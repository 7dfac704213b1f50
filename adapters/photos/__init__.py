"""Photographs for cards: held against GA 461, told to the photographer, made small for the chip.

What decides are size, format, background and outline. Finding a face only warns: a person decides
about persons. Nobody is recognised here, and no photograph is compared with another.
"""
