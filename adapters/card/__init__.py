"""Cards with a chip: keys, the channel to a card, the machine that makes cards.

The profile is open: SCP03 of GlobalPlatform, ECDSA on P-256, files after published readers. It is
not that of the police chip, whose algorithms and keys are not public.
"""
