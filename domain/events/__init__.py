"""Facts. Names and fields here are the storage format (docs/events.md is generated from them)."""

from typing import TypeAlias, get_args

import msgspec

from domain.events.bill import BillEvent
from domain.events.catalog import CampaignEvent, SkuEvent
from domain.events.channel import ChannelEvent
from domain.events.charges import ChargeEvent
from domain.events.correction import CorrectionEvent
from domain.events.earning import EarningEvent
from domain.events.group import GroupEvent
from domain.events.leader import LeaderEvent
from domain.events.merchant import MerchantEvent
from domain.events.order import OrderEvent, QuotaEvent
from domain.events.payment import PaymentEvent
from domain.events.payout import PayoutEvent
from domain.events.points import PointsEvent
from domain.events.recon import BreakEvent, DayEvent
from domain.events.refund import RefundEvent
from domain.events.split import SplitEvent
from domain.events.statement import StatementEvent
from domain.events.stock import StockEvent
from domain.events.voucher import VoucherEvent

Event: TypeAlias = (
    OrderEvent
    | VoucherEvent
    | PointsEvent
    | LeaderEvent
    | ChargeEvent
    | ChannelEvent
    | CorrectionEvent
    | QuotaEvent
    | GroupEvent
    | StockEvent
    | PaymentEvent
    | RefundEvent
    | PayoutEvent
    | SplitEvent
    | DayEvent
    | BreakEvent
    | CampaignEvent
    | SkuEvent
    | BillEvent
    | MerchantEvent
    | EarningEvent
    | StatementEvent
)
EVENTS: tuple[type[msgspec.Struct], ...] = get_args(Event)
