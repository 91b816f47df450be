"""A submission as its sender may mean it: what is not theirs to say is said for them."""

from server.intake import signal_check_points
from server.intake.submission_sender import Sender
from server.published_forms import self_answers
from server.published_forms.read_submission import SubmissionReading, understand


def understood(xml: bytes, sender: Sender) -> SubmissionReading:
    """A submission with the subject that the server makes for check points, and counted apart where somebody answered
    a poster. Problem where there is nothing that could be kept.
    """
    reading = signal_check_points.with_own_subject(understand(xml), sender)
    return self_answers.apart(reading) if sender.poster_id is not None else reading
