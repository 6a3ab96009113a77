"""The ledger: what each event means in the books. Double entry, in integer fen, a pure function of one event.

One module a family (`ledger_trade`, `ledger_refunds`, ...); rows are named after the platform's table of postings
(P1, R1, ...); docs/ledger.md shows them. What entries are made of is in `ledger_entry`.
"""

from typing import TypeAlias, assert_never

from domain.events import Event
from domain.events.bill import BillEvent
from domain.events.catalog import CampaignEvent, SkuEvent
from domain.events.correction import CorrectionDeclined, CorrectionProposed
from domain.events.earning import (
    EarningAdjustmentDeclined,
    EarningAdjustmentProposed,
)
from domain.events.group import GroupEvent
from domain.events.merchant import (
    MerchantAgreementSigned,
    MerchantCarried,
    MerchantDunned,
    MerchantMoneyModeApproved,
    MerchantMoneyModeDeclined,
    MerchantMoneyModeProposed,
    MerchantOnboarded,
    MerchantPolicySet,
)
from domain.events.order import (
    OrderClosed,
    OrderClosing,
    OrderLatePaid,
    OrderPaid,
    OrderPaymentStarted,
    OrderPlaced,
    OrderRefunded,
    OrderRefundEscalated,
    QuotaEvent,
)
from domain.events.payment import (
    PaymentClosed,
    PaymentPrepared,
    PaymentRefundEnded,
    PaymentRefundStarted,
    PaymentRequested,
)
from domain.events.payout import (
    PayoutAccepted,
    PayoutAttemptInDoubt,
    PayoutAttemptRejected,
    PayoutAttemptStarted,
    PayoutAwaitingConfirmation,
    PayoutEscalated,
    PayoutQueried,
    PayoutResolutionApproved,
    PayoutResolutionDeclined,
    PayoutResolutionProposed,
    PayoutRetried,
    PayoutWitnessesDiffer,
)
from domain.events.recon import (
    BillDayBegun,
    BreakApproved,
    BreakAssigned,
    BreakAutoResolved,
    BreakClosed,
    BreakDeclined,
    BreakProposed,
    DayClosed,
    LineBroken,
    LinesPending,
)
from domain.events.refund import (
    RefundAbnormal,
    RefundAttemptInDoubt,
    RefundAttemptRejected,
    RefundAttemptStarted,
    RefundConfirmedByBill,
    RefundEscalated,
    RefundProposed,
    RefundQueried,
    RefundReissued,
    RefundRequested,
    RefundResolutionApproved,
    RefundResolutionDeclined,
    RefundResolutionProposed,
    RefundRetried,
    RefundWitnessesDiffer,
)
from domain.events.split import (
    SplitAttemptAccepted,
    SplitAttemptInDoubt,
    SplitAttemptRejected,
    SplitAttemptStarted,
    SplitClosed,
    SplitEscalated,
    SplitFreezeWarned,
    SplitQueried,
    SplitRequested,
    SplitRetried,
    SplitReturnFailed,
    SplitReturnRequested,
    SplitSettled,
)
from domain.events.statement import StatementLineAdded, StatementOpened
from domain.events.stock import StockEvent
from domain.events.voucher import VoucherEvent
from domain.ledger_channel import ChannelPosted, of_channel
from domain.ledger_charges import ChargePosted, of_charges
from domain.ledger_corrections import CorrectionPosted, of_corrections
from domain.ledger_custody import SplitPosted, of_splits
from domain.ledger_entry import RULE_VERSION, SHANGHAI, Entry, Line, day, entry_id
from domain.ledger_leaders import LeaderPosted, of_leaders
from domain.ledger_payouts import PayoutPosted, of_payouts
from domain.ledger_points import PointsPosted, of_points
from domain.ledger_recon import ReconPosted, of_recon
from domain.ledger_refunds import RefundPosted, of_refunds
from domain.ledger_settlement import SettlementPosted, of_settlement
from domain.ledger_trade import TradePosted, of_trade
from domain.policies import BookPolicy

__all__ = [
    "RULE_VERSION",
    "SHANGHAI",
    "Entry",
    "Line",
    "MovesNoMoney",
    "Posted",
    "day",
    "entry_id",
    "postings",
]

Posted: TypeAlias = (
    TradePosted
    | RefundPosted
    | PointsPosted
    | SettlementPosted
    | PayoutPosted
    | SplitPosted
    | ReconPosted
    | LeaderPosted
    | ChargePosted
    | ChannelPosted
    | CorrectionPosted
)
MovesNoMoney: TypeAlias = (
    SkuEvent
    | CampaignEvent
    | StockEvent
    | GroupEvent
    | QuotaEvent
    | OrderPlaced
    | OrderPaymentStarted
    | OrderPaid  # says what money buys that is in the books since it was captured
    | OrderClosing
    | OrderClosed
    | OrderLatePaid
    | OrderRefunded  # follows from the refund's own event, as does OrderRefundEscalated
    | OrderRefundEscalated
    | PaymentRequested
    | PaymentPrepared
    | PaymentClosed
    | PaymentRefundStarted  # counted against the capture, not yet taken on by the channel
    | PaymentRefundEnded
    | RefundRequested
    | RefundAttemptStarted
    | RefundAttemptRejected
    | RefundAttemptInDoubt
    | RefundQueried
    | RefundRetried
    | RefundAbnormal  # the channel keeps it in transit
    | RefundReissued
    | RefundEscalated
    | RefundProposed
    | RefundResolutionProposed
    | RefundResolutionApproved
    | RefundResolutionDeclined
    | RefundWitnessesDiffer
    | RefundConfirmedByBill
    | PayoutAttemptStarted
    | PayoutAccepted  # in transit since it was initiated, and not paid before it is confirmed
    | PayoutAwaitingConfirmation
    | PayoutAttemptRejected
    | PayoutAttemptInDoubt
    | PayoutQueried
    | PayoutRetried
    | PayoutEscalated
    | PayoutResolutionProposed
    | PayoutResolutionApproved
    | PayoutResolutionDeclined
    | PayoutWitnessesDiffer
    | SplitRequested  # the share is receivable since it was earned
    | SplitAttemptStarted
    | SplitAttemptAccepted
    | SplitAttemptRejected
    | SplitAttemptInDoubt
    | SplitQueried
    | SplitRetried
    | SplitClosed  # the share stays receivable: the merchant has it
    | SplitReturnRequested
    | SplitReturnFailed
    | SplitFreezeWarned
    | SplitEscalated
    | SplitSettled
    | MerchantOnboarded
    | MerchantAgreementSigned
    | MerchantPolicySet
    | MerchantMoneyModeProposed
    | MerchantMoneyModeApproved
    | MerchantMoneyModeDeclined
    | MerchantCarried  # what is owed stands in 1310 since it was netted
    | MerchantDunned
    | EarningAdjustmentProposed
    | EarningAdjustmentDeclined
    | StatementOpened
    | StatementLineAdded  # says again what the earning said
    | BillDayBegun
    | LinesPending
    | LineBroken
    | DayClosed
    | BreakAssigned
    | BreakProposed
    | BreakApproved
    | BreakDeclined
    | BreakAutoResolved
    | BreakClosed
    | CorrectionProposed
    | CorrectionDeclined
    | VoucherEvent  # what is used is earned, what expires is owed: by events that follow
    | BillEvent  # paper: what its lines mean is said when they are matched
)
"""What is known to mean nothing to the books: a new event is in neither list, and does not pass the type check."""


def postings(event: Event, under: BookPolicy | None = None) -> tuple[Entry, ...]:
    """The entries of this event; none when it moves no money. `under` replays it by another policy than its own."""
    if isinstance(event, TradePosted):
        return of_trade(event)
    if isinstance(event, RefundPosted):
        return of_refunds(event)
    if isinstance(event, PayoutPosted):
        return of_payouts(event)
    if isinstance(event, SplitPosted):
        return of_splits(event, under)
    if isinstance(event, SettlementPosted):
        return of_settlement(event, under)
    if isinstance(event, ReconPosted):
        return of_recon(event)
    if isinstance(event, PointsPosted):
        return of_points(event, under)
    if isinstance(event, LeaderPosted):
        return of_leaders(event)
    if isinstance(event, ChargePosted):
        return of_charges(event)
    if isinstance(event, ChannelPosted):
        return of_channel(event)
    if isinstance(event, CorrectionPosted):
        return of_corrections(event)
    if isinstance(event, MovesNoMoney):
        return ()
    assert_never(event)
