"""The one exception that reaches the user: a single clear line."""


class Failure(Exception):
    """Something the user can act on; its text is printed without a traceback."""
