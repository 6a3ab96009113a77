"""`tuan verify`: is the log what was once written?"""

from commands.registry import DECIDERS
from infra.cell import verify
from infra.settings import Settings


def main(settings: Settings) -> int:
    """Recompute both hash chains of the cell from its first event on, and name the first bad place."""
    return verify.main(settings, DECIDERS)
