"""A make-believe province in columns: lives by the million, planned and then expressed as entries.

It stands here, among what reads the past, because its loops are compiled, and compiled loops have
no other home. A *plan* holds intended businesses, one a row; a town is planned at a time, from a
seed, and a province is as many towns as are asked for. Nobody in it exists.
"""
