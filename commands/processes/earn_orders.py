"""What a merchant sold is earned: by its sale or by its use, as the policy of its books says.

Both are asked for; the decision knows the policy, and takes neither twice. What a refund takes back needs no
process: it is taken in the commit of the debt.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never
from uuid import UUID, uuid5

import msgspec

from commands.processes.todo import Change, Done, Moot, Open, Point, Process, Tools, Wait
from commands.recognise_earning import RecogniseEarning
from commands.settling import EarningState
from domain.events.earning import EarningRecognised
from domain.events.merchant import MerchantOnboarded
from domain.events.order import OrderReadied, RefundOwed
from domain.events.voucher import VoucherVerified
from domain.ids import OrderId, VoucherId

Interest: TypeAlias = (
    OrderReadied | VoucherVerified | EarningRecognised | RefundOwed | MerchantOnboarded
)

_read_state = msgspec.json.Decoder(EarningState).decode


def changes(event: Interest) -> Sequence[Change]:
    match event:
        case OrderReadied():
            return [Open(event.order_id, event.order_id)]
        case VoucherVerified():
            used = range(event.first, event.first + event.count)
            return [Open(use_of(event.voucher_id, unit), event.order_id) for unit in used]
        case EarningRecognised():
            return [Done(event.proof or event.order_id)]
        case RefundOwed():
            return [Done(event.order_id)] if event.ends else []
        case MerchantOnboarded():
            return []  # from here on this tenant's orders are followed
        case _:
            assert_never(event)


def use_of(voucher: VoucherId, unit: int) -> UUID:
    """What proves that one unit was used: each is used once, however often that is told."""
    return uuid5(voucher, f"unit {unit}")


async def work(point: Point, tools: Tools) -> Wait | Moot | None:
    sold = point.subject == point.detail
    asked = RecogniseEarning(OrderId(point.detail), None if sold else point.subject)
    answer = await tools.ask(point, asked)
    if answer.outcome != "accepted":
        return Wait(answer.outcome)
    return None if _read_state(answer.reply).recognised else Moot("nothing is earned by it")


EARN_ORDERS = Process("earn_orders", Interest, changes, work, since=MerchantOnboarded)
