"""What stands on a chip, byte by byte: pure, so that years later it can be made again and compared.

The layout is that of published readers. How a chip is written and how what it bears is signed is a
profile of our own, open and documented; nothing here claims to be the police chip.
"""
