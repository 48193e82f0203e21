"""The demo shop's staff and their notes are data, from which the simulation chooses at random."""

from datetime import datetime
from random import Random

from app.demo.simulation.hours import is_open

WEB_SHOP = "web shop"
MANAGER = "Elif"
STOCKROOM = ("Noor", "Petr")
_MORNING = ("Mira", "Jonas", "Aylin")
_AFTERNOON = ("Tom", "Chidi", "Sofia")
_CHANGE_OF_SHIFT = 14  # o'clock
_WEB_SHARE = 0.2  # of the sales while the shop is open

SALES = ("gift wrapped", "click and collect", "regular customer", "staff discount")
RETURNS = ("unwanted gift", "wrong colour", "bought twice", "does not fit", "did not work")
DAMAGES = ("dropped at the till", "box crushed", "chipped on the shelf", "water stain")
BROKEN_ON_THE_WAY = ("cracked in transit", "torn packaging", "dented corner")
LOSSES = ("missing from the shelf", "not found for a customer", "suspected theft")
FINDS = ("behind the display", "in the wrong aisle", "in last week's returns")
COUNTS = ("evening count", "shelf count", "counted twice")
NEW_PRICES = ("supplier's new price list", "weekend offer", "matched the market hall")
NEW_REORDER_POINTS = ("sells faster than planned", "sells slower than planned")
TRANSFERS = ("to the market stall", "to the station kiosk")


def seller(random: Random, local: datetime) -> str:
    """The actor of a sale at this time."""
    if not is_open(local) or random.random() < _WEB_SHARE:
        return WEB_SHOP
    return random.choice(_MORNING if local.hour < _CHANGE_OF_SHIFT else _AFTERNOON)


def now_and_then(random: Random, share: float, remarks: tuple[str, ...]) -> str | None:
    """One of the remarks with probability `share`, else None."""
    return random.choice(remarks) if random.random() < share else None
