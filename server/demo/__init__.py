"""A demonstration to try everything with: two communes of our own making, walked for eight weeks by phones."""


class NotPossible(Exception):
    """The demonstration cannot be made or served; the message is one Vietnamese sentence."""
