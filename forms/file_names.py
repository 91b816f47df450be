"""How a file that an answer names is called: by a phone that sends it, and wherever it is looked for."""

LONGEST_NAME = 255
NAMELESS = "tep"


def file_name(written: str) -> str:
    """The name of a file without the way to it or anything unprintable: `a/b.jpg` is `b.jpg` (C35).

    Phones keep a file beside its form whatever an answer says of the way there, and call its part by the name alone.
    NAMELESS where nothing of a name is left.
    """
    last = written.replace("\\", "/").rpartition("/")[2]
    plain = "".join(filter(str.isprintable, last))[:LONGEST_NAME].strip()
    return plain if plain.strip(".") else NAMELESS
