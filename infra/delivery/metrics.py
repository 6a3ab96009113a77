"""What delivery counts, under the names that dashboards and alarms use."""

from prometheus_client import Counter, Gauge

ALARMS = Counter(
    "tuan_delivery_alarms_total", "Alarms raised by relay and consumers.", ["cell", "kind"]
)
PUBLISHED = Gauge("tuan_relay_position", "Last position published to JetStream.", ["cell"])
RELAY_LAG = Gauge("tuan_relay_lag_positions", "Positions recorded and not yet published.", ["cell"])
POSITION = Gauge("tuan_handler_position", "Last position in the read model.", ["cell", "handler"])
APPLIED = Counter("tuan_handler_events_total", "Events applied.", ["cell", "handler"])
PARKED = Gauge("tuan_handler_parked", "Events waiting in read.parked.", ["cell", "handler"])
HALTED = Gauge("tuan_handler_halted", "1 while the handler stands still.", ["cell", "handler"])
REPAIRED = Counter(
    "tuan_consumer_repaired_total", "Events read from Postgres instead of NATS.", ["cell"]
)
DISORDERED = Counter(
    "tuan_consumer_disordered_total",
    "Messages doubled or handed on out of order on purpose.",
    ["cell", "how"],
)
DISCARDED = Counter(
    "tuan_consumer_discarded_total",
    "Messages that did not fit the chain, or could not be read.",
    ["cell"],
)
