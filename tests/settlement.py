"""Finance at work on a shop: merchants onboarded, agreements signed, refunds agreed on, statements closed."""

from datetime import timedelta
from typing import Any

from commands.approve_money_mode import ApproveMoneyMode
from commands.approve_resolution import ApproveResolution
from commands.onboard_merchant import OnboardMerchant
from commands.propose_money_mode import ProposeMoneyMode
from commands.propose_refund import ProposeRefund
from commands.recognise_earning import RecogniseEarning
from commands.set_book_policy import SetBookPolicy
from commands.settling import EarningState
from commands.sign_agreement import SignAgreement
from domain.agreement import CommissionRule, Tier
from domain.earning import EARNING, Earning
from domain.events.statement import StatementClosed, StatementLineAdded
from domain.ids import MerchantId, OrderId, earning_id
from domain.merchant import MERCHANT, Merchant
from domain.money import ZERO
from tests.in_memory import Cell
from tests.shop import Shop

TEN_PERCENT = (CommissionRule("", (Tier(ZERO, 1000),)),)
MAKER, CHECKER = "finance-ann", "finance-bob"


class Finance:
    """One merchant of a shop, settled by day, T+1, ten per cent, on the day after its sales."""

    def __init__(self, cell: Cell, shop: Shop, *, self_operated: bool = False) -> None:
        self.cell = cell
        self.shop = shop
        onboard = OnboardMerchant(
            "tea-house", "春茶坊", self_operated, "channel_transfer", "sealed"
        )
        self.merchant_id: MerchantId = cell.ask(onboard, by=MAKER).merchant_id

    def signs(self, **changes: Any) -> None:
        usual: dict[str, Any] = {
            "rules": TEN_PERCENT,
            "vat_rate_bp": 600,
            "settle_days": 1,
            "period": "day",
            "close_hours": 0,
        }
        self.cell.ask(SignAgreement(self.merchant_id, **(usual | changes)), by=MAKER)

    def collects(self, custody: str = "CUSTODY-1") -> None:
        """Two people let the platform hold the money; the sale itself earns from now on."""
        wish = self.cell.ask(
            ProposeMoneyMode(self.merchant_id, "platform_collect", custody), by=MAKER
        )
        agree = ApproveMoneyMode(self.merchant_id, wish.proposal_id, wish.shown)
        self.cell.ask(agree, by=CHECKER)
        self.earns_at_sale()

    def earns_at_sale(self) -> None:
        books = self.merchant().books
        policy = SetBookPolicy(
            self.merchant_id, "sale", books.subsidy_as, books.accounting, books.money_mode
        )
        self.cell.ask(policy, by=MAKER)

    def earns(self, order_id: OrderId) -> EarningState:
        """What the process asks for after a sale."""
        state: EarningState = self.cell.ask(RecogniseEarning(order_id))
        return state

    def refunds(self, order_id: OrderId, fen: int) -> None:
        """Two people give money back to the buyer."""
        wish = self.cell.ask(ProposeRefund(order_id, fen, "broken"), by=MAKER)
        agree = ApproveResolution(wish.refund_id, wish.proposal_id, wish.shown)
        self.cell.ask(agree, by=CHECKER)

    def waits(self, days: int) -> None:
        self.cell.wait(until=self.cell.at + timedelta(days=days))

    def merchant(self) -> Merchant:
        return self.cell.state(MERCHANT, self.merchant_id)

    def earning(self, order_id: OrderId) -> Earning:
        return self.cell.state(EARNING, earning_id(order_id))

    def lines(self) -> list[tuple[str, int, str]]:
        """Every line of every statement: what, how much, and where it stands until the close."""
        return [
            (line.kind, line.net.fen, line.net_to)
            for line in self.cell.happened(StatementLineAdded)
        ]

    def closed(self) -> list[StatementClosed]:
        return self.cell.happened(StatementClosed)
