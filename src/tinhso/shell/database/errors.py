"""What the operator of an installation has to put right."""


class OperatorError(Exception):
    """Trouble that the operator can end; its text is one clear line that says what and how."""
