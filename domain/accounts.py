"""The chart of accounts: where money of the platform can be, in integer fen.

Codes, names and sub-keys are those that finance uses. Of what merchants sell the platform is the agent, of its own
goods the principal; the pair 9010, 9020 is what channels hold for others and no money of ours.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

Code: TypeAlias = Literal[
    "1010", "1120", "1121", "1122", "1125", "1310", "1330", "1400", "1915",
    "2010", "2020", "2110", "2120", "2130", "2150", "2160", "2210", "2220",
    "2310", "2311", "2410", "2411", "2510", "2520", "2915",
    "4000", "4010", "4030", "4040", "4050", "4090", "4910",
    "5010", "5020", "5030", "5110", "5111", "5120", "5130", "5210", "5220", "5310", "5910",
    "9010", "9020",
]  # fmt: skip
Kind: TypeAlias = Literal["asset", "liability", "income", "expense", "off_balance"]

BANK: Final = "1010"
CLEARING: Final = "1120"
CHANNEL_BALANCE: Final = "1121"
TRANSIT: Final = "1122"
SPLIT_RECEIVABLE: Final = "1125"
MERCHANT_OWES: Final = "1310"
CHARGEBACK: Final = "1330"
INVENTORY: Final = "1400"
SHORT: Final = "1915"
ESCROW: Final = "2010"
UNUSED: Final = "2020"
MERCHANT_PENDING: Final = "2110"
MERCHANT_PAYABLE: Final = "2120"
PAYOUT_TRANSIT: Final = "2130"
SUPPLIER_PAYABLE: Final = "2150"
DEPOSIT: Final = "2160"
PAYABLE: Final = "2210"
UNCLAIMED: Final = "2220"
POINTS: Final = "2310"
POINTS_RESERVED: Final = "2311"
LEADER_FROZEN: Final = "2410"
LEADER_AVAILABLE: Final = "2411"
VAT: Final = "2510"
TAX_WITHHELD: Final = "2520"
LONG: Final = "2915"
SALES: Final = "4000"
COMMISSION: Final = "4010"
BREAKAGE: Final = "4030"
FORFEITED: Final = "4040"
FREIGHT_INCOME: Final = "4050"
CONTRA_REVENUE: Final = "4090"
RECON_GAIN: Final = "4910"
FEE: Final = "5010"
PAYOUT_FEE: Final = "5020"
COST_OF_GOODS: Final = "5030"
COUPONS: Final = "5110"
SUBSIDY: Final = "5111"
POINTS_COST: Final = "5120"
LEADER_COST: Final = "5130"
CHARGEBACK_LOSS: Final = "5210"
COMPENSATION: Final = "5220"
FREIGHT_COST: Final = "5310"
RECON_LOSS: Final = "5910"
CUSTODY_HELD: Final = "9010"
CUSTODY_OWED: Final = "9020"

MAIN_BANK: Final = "main"  # the one bank account there is until events name several


class Account(NamedTuple):
    """One account. `sub_key` says what its lines are told apart by, `empty` when each of those must be zero."""

    code: Code
    kind: Kind
    zh: str
    en: str
    sub_key: str
    empty: str = ""

    @property
    def grows_with_credits(self) -> bool:
        """Debts and income do, and of the pair outside our books the side that says whose the money is."""
        return self.kind in ("liability", "income") or self.code == CUSTODY_OWED

    def balance(self, debit_fen: int, credit_fen: int) -> int:
        """What is in it: assets and expenses grow with debits, liabilities and income with credits."""
        grown = debit_fen - credit_fen
        return -grown if self.grows_with_credits else grown

    @property
    def never_negative(self) -> bool:
        """Nobody is owed less than nothing, and nobody owes us less than nothing."""
        return self.kind in ("liability", "off_balance") or self.code in NEVER_NEGATIVE


NEVER_NEGATIVE: Final[frozenset[Code]] = frozenset(
    (TRANSIT, SPLIT_RECEIVABLE, MERCHANT_OWES, CHARGEBACK, SHORT)
)

CHART: Final[Mapping[str, Account]] = {
    account.code: account
    for account in (
        Account(BANK, "asset", "银行存款", "Bank", "bank account"),
        Account(CLEARING, "asset", "渠道待清算", "Channel clearing", "channel and bill date", "that date is closed"),
        Account(CHANNEL_BALANCE, "asset", "渠道余额", "Balance at the channel", "channel, available or frozen"),
        Account(TRANSIT, "asset", "退款在途", "Refunds in transit", "refund number", "it is final"),
        Account(SPLIT_RECEIVABLE, "asset", "应收分账款", "Profit share receivable", "order", "it is split"),
        Account(MERCHANT_OWES, "asset", "应收商户款", "Owed by merchants", "merchant"),
        Account(CHARGEBACK, "asset", "拒付待定", "Chargebacks open", "case", "the case is final"),
        Account(INVENTORY, "asset", "库存商品", "Inventory", "SKU"),
        Account(SHORT, "asset", "待处理短款", "Suspense: short", "break", "the break is closed"),
        Account(ESCROW, "liability", "待成团预收", "Buyers' escrow", "order", "its group is decided"),
        Account(UNUSED, "liability", "待履约（待核销）", "Paid and not used", "order", "used or refunded"),
        Account(MERCHANT_PENDING, "liability", "商户待结算", "Merchants, not yet due", "merchant"),
        Account(MERCHANT_PAYABLE, "liability", "应付商户款", "Merchants, payable", "merchant", "paid"),
        Account(PAYOUT_TRANSIT, "liability", "代付在途", "Payouts in transit", "payout", "it is final"),
        Account(SUPPLIER_PAYABLE, "liability", "应付供应商", "Suppliers, payable", "supplier", "paid"),
        Account(DEPOSIT, "liability", "商户保证金", "Merchants' deposits", "merchant"),
        Account(PAYABLE, "liability", "应付退款", "Refunds payable", "refund", "it is final"),
        Account(UNCLAIMED, "liability", "待认领退款", "Refunds unclaimed", "refund", "paid otherwise"),
        Account(POINTS, "liability", "积分可用", "Points available", "user"),
        Account(POINTS_RESERVED, "liability", "积分占用", "Points reserved", "order", "the order is decided"),
        Account(LEADER_FROZEN, "liability", "团长佣金冻结", "Leaders' commission, frozen", "leader"),
        Account(LEADER_AVAILABLE, "liability", "团长佣金可用", "Leaders' commission, available", "leader", "paid"),
        Account(VAT, "liability", "应交增值税（销项）", "Output VAT", "commission or goods"),
        Account(TAX_WITHHELD, "liability", "代扣个人所得税", "Tax withheld", "leader"),
        Account(LONG, "liability", "待处理长款", "Suspense: long", "break", "the break is closed"),
        Account(SALES, "income", "自营商品收入", "Sales of own goods", "merchant"),
        Account(COMMISSION, "income", "佣金收入", "Commission", "merchant"),
        Account(BREAKAGE, "income", "过期收入", "Breakage", "merchant"),
        Account(FORFEITED, "income", "定金没收", "Deposits forfeited", "order"),
        Account(FREIGHT_INCOME, "income", "运费收入", "Freight charged", "order"),
        Account(CONTRA_REVENUE, "income", "优惠冲减收入", "Discounts against revenue", "coupon, subsidy or points"),
        Account(RECON_GAIN, "income", "营业外收入", "Reconciliation gain", "break"),
        Account(FEE, "expense", "渠道手续费", "Channel fees", "channel"),
        Account(PAYOUT_FEE, "expense", "代付手续费", "Payout fees", "channel"),
        Account(COST_OF_GOODS, "expense", "自营商品成本", "Cost of own goods", "merchant"),
        Account(COUPONS, "expense", "平台券支出", "Platform coupons", "merchant"),
        Account(SUBSIDY, "expense", "平台补贴支出", "Platform subsidy", "merchant or program"),
        Account(POINTS_COST, "expense", "积分支出", "Points", "granted, expired or used"),
        Account(LEADER_COST, "expense", "团长佣金支出", "Leaders' commission", "leader"),
        Account(CHARGEBACK_LOSS, "expense", "拒付损失", "Chargeback losses", "case"),
        Account(COMPENSATION, "expense", "赔付支出", "Compensation", "order"),
        Account(FREIGHT_COST, "expense", "运费支出", "Freight paid", "carrier"),
        Account(RECON_LOSS, "expense", "营业外支出", "Reconciliation loss", "break"),
        Account(CUSTODY_HELD, "off_balance", "代管：渠道子商户", "Custody: held by the channel", "order", "split or refunded"),
        Account(CUSTODY_OWED, "off_balance", "代管：应归属", "Custody: owed", "order", "split or refunded"),
    )
}  # fmt: skip
