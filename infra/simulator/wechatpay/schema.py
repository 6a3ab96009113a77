"""The tables of the books, and what can never be written into them, whatever the rules say."""

from infra.simulator.wechatpay.schema_payouts import FACTS_OF_PAYOUTS, SPLITS, TRANSFERS

ORDERS = """
CREATE TABLE IF NOT EXISTS orders (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    parameters TEXT NOT NULL,          -- canonical JSON: a repetition must say exactly this
    total INTEGER NOT NULL CHECK (total > 0),  -- fen
    openid TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    expires_at INTEGER NOT NULL,       -- seconds since 1970; it cannot be paid at or after this
    at TEXT NOT NULL,                  -- RFC 3339, as everywhere below
    UNIQUE (out_trade_no, mchid)
) STRICT;
CREATE TABLE IF NOT EXISTS prepays (
    seq INTEGER PRIMARY KEY,
    prepay_id TEXT NOT NULL UNIQUE,
    mchid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    valid_until INTEGER NOT NULL,      -- seconds since 1970
    FOREIGN KEY (out_trade_no, mchid) REFERENCES orders (out_trade_no, mchid)
) STRICT;
CREATE INDEX IF NOT EXISTS prepays_of_order ON prepays (out_trade_no, mchid);
CREATE TABLE IF NOT EXISTS closings (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,        -- may name an order that never was: then it never can be
    at TEXT NOT NULL,
    UNIQUE (out_trade_no, mchid)
) STRICT;
CREATE TABLE IF NOT EXISTS payments (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    transaction_id TEXT NOT NULL UNIQUE,
    total INTEGER NOT NULL CHECK (total > 0),  -- fen
    openid TEXT NOT NULL,
    success_time TEXT NOT NULL,
    notification_id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    UNIQUE (out_trade_no, mchid),      -- at most one payment an order
    FOREIGN KEY (out_trade_no, mchid) REFERENCES orders (out_trade_no, mchid)
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY,
    payment INTEGER NOT NULL REFERENCES payments (seq),
    attempt INTEGER NOT NULL,          -- from 1
    status INTEGER NOT NULL,           -- HTTP status of the merchant's answer; 0: none in time
    at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_of_payment ON deliveries (payment);
CREATE TRIGGER IF NOT EXISTS never_pay_a_closed_order BEFORE INSERT ON payments
    WHEN EXISTS (SELECT 1 FROM closings c
        WHERE c.out_trade_no = new.out_trade_no AND c.mchid = new.mchid)
    BEGIN SELECT RAISE (ABORT, 'a closed order was paid'); END;
CREATE TRIGGER IF NOT EXISTS never_close_a_paid_order BEFORE INSERT ON closings
    WHEN EXISTS (SELECT 1 FROM payments p
        WHERE p.out_trade_no = new.out_trade_no AND p.mchid = new.mchid)
    BEGIN SELECT RAISE (ABORT, 'a paid order was closed'); END;
"""
REFUNDS = """
CREATE TABLE IF NOT EXISTS refunds (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_refund_no TEXT NOT NULL,
    refund_id TEXT NOT NULL UNIQUE,
    payment INTEGER NOT NULL REFERENCES payments (seq),
    transaction_id TEXT NOT NULL REFERENCES payments (transaction_id),
    parameters TEXT NOT NULL,          -- canonical JSON: a repetition must say exactly this
    amount INTEGER NOT NULL CHECK (amount > 0),  -- fen
    fee INTEGER NOT NULL,              -- fen of our fee that go back to the merchant with it
    notify_url TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (out_refund_no, mchid)      -- at most one refund a number
) STRICT;
CREATE INDEX IF NOT EXISTS refunds_of_payment ON refunds (payment);
CREATE TABLE IF NOT EXISTS refund_steps (
    seq INTEGER PRIMARY KEY,
    refund INTEGER NOT NULL REFERENCES refunds (seq),
    step INTEGER NOT NULL,             -- from 1; the last one is where the refund stands
    state TEXT NOT NULL CHECK (state IN ('PROCESSING', 'SUCCESS', 'CLOSED', 'ABNORMAL')),
    becomes TEXT CHECK (becomes IN ('SUCCESS', 'CLOSED', 'ABNORMAL')),  -- settled from the start
    due_at TEXT,                       -- when it becomes that
    account TEXT NOT NULL,             -- where the money goes
    notification_id TEXT UNIQUE,
    at TEXT NOT NULL,
    UNIQUE (refund, step),
    CHECK ((state = 'PROCESSING') = (becomes IS NOT NULL)),
    CHECK ((state = 'PROCESSING') = (due_at IS NOT NULL)),
    CHECK ((state = 'PROCESSING') = (notification_id IS NULL))
) STRICT;
CREATE TABLE IF NOT EXISTS refund_deliveries (
    seq INTEGER PRIMARY KEY,
    step INTEGER NOT NULL REFERENCES refund_steps (seq),
    attempt INTEGER NOT NULL,          -- from 1
    status INTEGER NOT NULL,           -- HTTP status of the merchant's answer; 0: none in time
    at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_of_step ON refund_deliveries (step);
CREATE TRIGGER IF NOT EXISTS never_refund_more_than_was_paid BEFORE INSERT ON refunds
    WHEN new.amount + (SELECT coalesce(sum(r.amount), 0) FROM refunds r
            WHERE r.payment = new.payment AND NOT EXISTS
                (SELECT 1 FROM refund_steps s WHERE s.refund = r.seq AND s.state = 'CLOSED'))
        > (SELECT coalesce(sum(p.total), 0) FROM payments p
            WHERE p.seq = new.payment AND p.mchid = new.mchid
            AND p.transaction_id = new.transaction_id)
    BEGIN SELECT RAISE (ABORT, 'more was refunded than paid'); END;
CREATE TRIGGER IF NOT EXISTS a_refund_only_goes_on BEFORE INSERT ON refund_steps
    WHEN NOT (new.step = 1 AND new.state = 'PROCESSING') AND NOT EXISTS
        (SELECT 1 FROM refund_steps s WHERE s.refund = new.refund AND s.step = new.step - 1
            AND (s.state = 'PROCESSING' AND new.state <> 'PROCESSING'
                OR s.state = 'ABNORMAL' AND new.state = 'PROCESSING'))
    BEGIN SELECT RAISE (ABORT, 'a refund took a way that there is not'); END;
"""
FUNDS = """
CREATE TABLE IF NOT EXISTS funds (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'payment', 'fee',
        'refund', 'fee_back', 'refund_closed', 'fee_again')),
    amount INTEGER NOT NULL,           -- fen; negative when it leaves the merchant's account
    balance INTEGER NOT NULL CHECK (balance >= 0),  -- fen after it
    payment INTEGER REFERENCES payments (seq),  -- of `payment` and `fee`
    refund INTEGER REFERENCES refunds (seq),    -- of the last four
    at TEXT NOT NULL,
    UNIQUE (kind, payment),            -- each moves once
    UNIQUE (kind, refund),
    CHECK ((payment IS NOT NULL) = (kind IN ('payment', 'fee'))),
    CHECK ((refund IS NOT NULL) = (kind IN ('refund', 'fee_back', 'refund_closed', 'fee_again')))
) STRICT;
CREATE INDEX IF NOT EXISTS funds_of_merchant ON funds (mchid, seq);
CREATE TRIGGER IF NOT EXISTS every_fen_is_counted BEFORE INSERT ON funds
    WHEN new.balance <> new.amount + coalesce(
        (SELECT f.balance FROM funds f WHERE f.mchid = new.mchid ORDER BY f.seq DESC LIMIT 1), 0)
    BEGIN SELECT RAISE (ABORT, 'a balance is not the sum of its movements'); END;
"""
FAULTS = """
CREATE TABLE IF NOT EXISTS fault_plans (
    seq INTEGER PRIMARY KEY,           -- the last one is in force
    plan TEXT NOT NULL,                -- JSON
    at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS fault_orders (
    seq INTEGER PRIMARY KEY,
    fault TEXT NOT NULL,
    call TEXT NOT NULL,
    times INTEGER NOT NULL CHECK (times > 0),
    plan INTEGER NOT NULL,             -- under which it was asked for; void under the next
    at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS faults_fired (
    seq INTEGER PRIMARY KEY,
    fault TEXT NOT NULL,
    call TEXT NOT NULL,
    number TEXT NOT NULL,              -- out_trade_no or out_refund_no
    turn INTEGER NOT NULL,             -- calls of this kind about this number before, under this plan
    plan INTEGER NOT NULL,
    fault_order INTEGER REFERENCES fault_orders (seq),  -- which asked for it; unset: the dice
    at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS fired_by_fault ON faults_fired (fault);
CREATE TABLE IF NOT EXISTS fault_messages (
    seq INTEGER PRIMARY KEY,
    fault TEXT NOT NULL,               -- why this notification was sent
    number TEXT NOT NULL,
    status INTEGER NOT NULL,           -- HTTP status of the merchant's answer; 0: none in time
    at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS veils (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    number TEXT NOT NULL,
    until INTEGER NOT NULL,            -- milliseconds since 1970: queries do not find it before
    at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS veils_of_number ON veils (number, mchid);
"""
BILLS = """
CREATE TABLE IF NOT EXISTS bill_plans (
    seq INTEGER PRIMARY KEY,           -- the last one is in force
    plan TEXT NOT NULL,                -- JSON
    at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS bill_changes (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('trade', 'fundflow')),
    bill_date TEXT NOT NULL,
    act TEXT NOT NULL,
    number TEXT NOT NULL,              -- of the line; empty: of the whole bill
    wanted TEXT NOT NULL,              -- JSON: values by column
    at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS changes_of_bill ON bill_changes (mchid, bill_date);
CREATE INDEX IF NOT EXISTS payments_by_time ON payments (mchid, success_time);
CREATE INDEX IF NOT EXISTS refunds_by_time ON refunds (mchid, at);
CREATE INDEX IF NOT EXISTS funds_by_time ON funds (mchid, at);
"""
SCHEMA = ORDERS + REFUNDS + FUNDS + FAULTS + BILLS + TRANSFERS + SPLITS
FACTS = (
    "orders",
    "prepays",
    "closings",
    "payments",
    "deliveries",
    "refunds",
    "refund_steps",
    "refund_deliveries",
    "funds",
    "fault_plans",
    "fault_orders",
    "faults_fired",
    "fault_messages",
    "veils",
    "bill_plans",
    "bill_changes",
    *FACTS_OF_PAYOUTS,
)
FOREVER = "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_forbid_{verb} BEFORE {verb} ON {table}"
    f" BEGIN SELECT RAISE (ABORT, 'the books are only ever added to'); END;\n"
    for table in FACTS
    for verb in ("UPDATE", "DELETE")
)
