"""What the runner counts, under the names that dashboards and alarms use."""

from prometheus_client import Counter, Gauge

WORKED = Counter("tuan_runner_tries_total", "Points that were tried.", ["cell", "process"])
CRASHES = Counter("tuan_runner_crashes_total", "Crashes of workers.", ["cell", "process"])
SET_ASIDE = Counter(
    "tuan_runner_set_aside_total", "Points set aside after too many crashes.", ["cell", "process"]
)
IN_HAND = Gauge("tuan_runner_in_hand", "Points being worked on.", ["cell"])
CALLS = Counter("tuan_channel_calls_total", "Refund calls to a channel.", ["tenant", "outcome"])
LEFT_ALONE = Gauge(
    "tuan_channel_left_alone", "1 while the channel fails and is left alone.", ["tenant"]
)
AVAILABLE = Gauge("tuan_channel_available_fen", "What refunds can be paid from.", ["tenant"])
NEEDED = Gauge(
    "tuan_refunds_expected_fen", "What refunds are expected to need within a day.", ["tenant"]
)
