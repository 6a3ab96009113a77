"""The tables of transfers to payees and of shared orders, and what can never be written into them."""

TRANSFERS = """
CREATE TABLE IF NOT EXISTS transfers (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_bill_no TEXT NOT NULL,
    transfer_bill_no TEXT NOT NULL UNIQUE,
    parameters TEXT NOT NULL,          -- canonical JSON: a repetition must say exactly this
    amount INTEGER NOT NULL CHECK (amount > 0),  -- fen
    openid TEXT NOT NULL,
    package_info TEXT NOT NULL,        -- what opens the page on which the payee takes it
    becomes TEXT NOT NULL CHECK (becomes IN ('SUCCESS', 'FAIL')),  -- settled from the start
    reason TEXT NOT NULL,              -- of a failure
    due_at TEXT NOT NULL,              -- when it becomes that, unless the payee or the merchant acts before
    at TEXT NOT NULL,
    UNIQUE (out_bill_no, mchid)        -- at most one transfer a number
) STRICT;
CREATE TABLE IF NOT EXISTS transfer_ends (
    seq INTEGER PRIMARY KEY,
    transfer INTEGER NOT NULL UNIQUE REFERENCES transfers (seq),  -- it ends once
    state TEXT NOT NULL CHECK (state IN ('SUCCESS', 'FAIL', 'CANCELLED')),
    reason TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS fund_reasons (
    seq INTEGER PRIMARY KEY,
    funds INTEGER NOT NULL UNIQUE REFERENCES funds (seq),  -- a deposit or withdrawal that is none
    reason TEXT NOT NULL CHECK (reason IN ('transfer', 'share', 'share_back', 'subsidy')),
    number TEXT NOT NULL,              -- ours
    voucher TEXT NOT NULL,             -- the merchant's
    UNIQUE (reason, number)            -- each moves once
) STRICT;
"""
SPLITS = """
CREATE TABLE IF NOT EXISTS share_receivers (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    account TEXT NOT NULL,
    relation TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (mchid, account)
) STRICT;
CREATE TABLE IF NOT EXISTS share_orders (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_order_no TEXT NOT NULL,
    order_id TEXT NOT NULL UNIQUE,
    transaction_id TEXT NOT NULL REFERENCES payments (transaction_id),
    parameters TEXT NOT NULL,          -- canonical JSON: a repetition must say exactly this
    kind TEXT NOT NULL CHECK (kind IN ('split', 'unfreeze')),
    at TEXT NOT NULL,
    UNIQUE (out_order_no, mchid)
) STRICT;
CREATE INDEX IF NOT EXISTS shares_of_payment ON share_orders (transaction_id);
CREATE TABLE IF NOT EXISTS shares (
    seq INTEGER PRIMARY KEY,
    share_order INTEGER NOT NULL REFERENCES share_orders (seq),
    detail_id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,             -- who gets it; the merchant's own: unfrozen
    amount INTEGER NOT NULL CHECK (amount >= 0),  -- fen
    result TEXT NOT NULL CHECK (result IN ('SUCCESS', 'CLOSED')),  -- settled from the start
    reason TEXT NOT NULL,
    due_at TEXT NOT NULL,              -- PENDING before
    UNIQUE (share_order, account)      -- each gets it once
) STRICT;
CREATE TABLE IF NOT EXISTS share_returns (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_return_no TEXT NOT NULL,
    return_id TEXT NOT NULL UNIQUE,
    share INTEGER NOT NULL REFERENCES shares (seq),
    parameters TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    result TEXT NOT NULL CHECK (result IN ('SUCCESS', 'FAILED')),
    reason TEXT NOT NULL,
    due_at TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (out_return_no, mchid)
) STRICT;
CREATE TRIGGER IF NOT EXISTS never_share_more_than_was_paid BEFORE INSERT ON shares
    WHEN new.result = 'SUCCESS' AND new.amount + (
            SELECT coalesce(sum(s.amount), 0) FROM shares s
            JOIN share_orders o ON o.seq = s.share_order
            WHERE s.result = 'SUCCESS' AND o.transaction_id =
                (SELECT transaction_id FROM share_orders WHERE seq = new.share_order))
        > (SELECT p.total FROM payments p JOIN share_orders o
            ON o.transaction_id = p.transaction_id WHERE o.seq = new.share_order)
    BEGIN SELECT RAISE (ABORT, 'more was shared than paid'); END;
CREATE TRIGGER IF NOT EXISTS never_return_more_than_was_shared BEFORE INSERT ON share_returns
    WHEN new.result = 'SUCCESS' AND new.amount + (
            SELECT coalesce(sum(r.amount), 0) FROM share_returns r
            WHERE r.share = new.share AND r.result = 'SUCCESS')
        > (SELECT amount FROM shares WHERE seq = new.share AND result = 'SUCCESS')
    BEGIN SELECT RAISE (ABORT, 'more came back than was shared'); END;
"""
FACTS_OF_PAYOUTS = (
    "transfers",
    "transfer_ends",
    "fund_reasons",
    "share_receivers",
    "share_orders",
    "shares",
    "share_returns",
)
