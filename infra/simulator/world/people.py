"""Where shoppers live and how long they think: what no record tells, thrown by the seed."""

from itertools import accumulate
from random import Random

# GB/T 2260 code and inhabitants in 100,000, of the census of 2020.
INHABITANTS = {
    "11": 219, "12": 139, "13": 746, "14": 349, "15": 240, "21": 426, "22": 241, "23": 319, "31": 249,
    "32": 847, "33": 646, "34": 610, "35": 415, "36": 452, "37": 1015, "41": 994, "42": 578, "43": 664,
    "44": 1260, "45": 501, "46": 101, "50": 321, "51": 837, "52": 386, "53": 472, "54": 36, "61": 395,
    "62": 250, "63": 59, "64": 72, "65": 259,
}  # fmt: skip
PROVINCES = list(INHABITANTS)
BY_INHABITANTS = list(accumulate(INHABITANTS.values()))

THINK_SECONDS = (18.0, 0.9)  # median and spread (of the logarithm) between ordering and paying
THINK_SECONDS_MAX = 240.0


def province(chance: Random) -> str:
    """As many shoppers as a province has inhabitants."""
    [code] = chance.choices(PROVINCES, cum_weights=BY_INHABITANTS)
    return code


def thinking(chance: Random) -> float:
    """Seconds: most pay at once, a few go and look for their card."""
    median, spread = THINK_SECONDS
    return min(median * chance.lognormvariate(0, spread), THINK_SECONDS_MAX)
