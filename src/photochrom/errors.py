"""The one family of errors that Photochrom raises on purpose.

Every message says what was wrong, with which file, and what to do about it. The command and
the service translate these into exit codes and responses; nothing swallows them.
"""


class PhotochromError(Exception):
    """Anything that went wrong and that a person can do something about."""


class PhotoError(PhotochromError):
    """A photograph could not be read or written."""


class TooLargeError(PhotoError):
    """A photograph has more pixels than are allowed, or than there is memory for."""


class ModelError(PhotochromError):
    """A model is unknown, damaged or does not fit this version."""


class DataError(PhotochromError):
    """Training or evaluation data is missing, damaged or not of the expected shape."""


class MissingExtraError(PhotochromError):
    """A feature was asked for whose optional libraries are not installed."""


class UsageError(PhotochromError):
    """Options or arguments that make no sense together."""
