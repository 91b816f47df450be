"""Why a form cannot be opened or filled, in a sentence that people read."""


class Unfillable(Exception):
    """No phone could open or fill this form with these files, or this engine cannot; the message says why."""


class UnknownFunction(Unfillable):
    """A formula calls a function that phones do not have, or that this engine lacks: `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"công thức dùng hàm “{name}”, máy chủ không tính được hàm này")
        self.name = name


class TooMuch(Unfillable):
    """A formula asks for more work, or makes a longer text, than any questionnaire needs."""
