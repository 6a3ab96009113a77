"""How the verifier says no."""


class Failed(Exception):
    """The pack does not show what it claims. The message is the one line that the reader needs."""


def demand(so: bool, otherwise: str) -> None:
    """Raises: Failed unless it is so."""
    if not so:
        raise Failed(otherwise)
