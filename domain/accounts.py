"""The chart of accounts: where money of the platform can be, in integer fen. The platform is the agent of its merchants.

Codes, names and sub-keys are those that finance uses; an account that no rule posts to yet is not listed.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

Code: TypeAlias = Literal["1010", "1120", "1122", "2010", "2020", "2210", "2220", "5010"]
Kind: TypeAlias = Literal["asset", "liability", "expense"]
SubKey: TypeAlias = Literal["bank account", "channel", "refund number", "order", "refund"]

BANK: Final = "1010"
CLEARING: Final = "1120"
TRANSIT: Final = "1122"
ESCROW: Final = "2010"
UNUSED: Final = "2020"
PAYABLE: Final = "2210"
UNCLAIMED: Final = "2220"
FEE: Final = "5010"

MAIN_BANK: Final = "main"  # the one bank account there is until events name several


class Account(NamedTuple):
    """One account. `sub_key` says what its lines are told apart by, `empty` when each of those must be zero."""

    code: Code
    kind: Kind
    zh: str
    en: str
    sub_key: SubKey
    empty: str = ""

    def balance(self, debit_fen: int, credit_fen: int) -> int:
        """What is in it: assets and expenses grow with debits, liabilities with credits."""
        grown = debit_fen - credit_fen
        return -grown if self.kind == "liability" else grown

    @property
    def never_negative(self) -> bool:
        """Nobody is owed less than nothing, and no refund on its way is less than nothing."""
        return self.kind == "liability" or self.code == TRANSIT


CHART: Final[Mapping[str, Account]] = {
    account.code: account
    for account in (
        Account(BANK, "asset", "银行存款", "Bank", "bank account"),
        Account(
            CLEARING, "asset", "渠道待清算", "Channel clearing", "channel", "a bill date is closed"
        ),
        Account(
            TRANSIT, "asset", "退款在途", "Refunds in transit", "refund number", "it is final"
        ),
        Account(
            ESCROW, "liability", "待成团预收", "Buyers' escrow", "order", "its group is decided"
        ),
        Account(
            UNUSED, "liability", "待履约（待核销）", "Paid and not used", "order", "used or refunded"
        ),
        Account(PAYABLE, "liability", "应付退款", "Refunds payable", "refund", "it is final"),
        Account(
            UNCLAIMED, "liability", "待认领退款", "Refunds unclaimed", "refund", "paid otherwise"
        ),
        Account(FEE, "expense", "渠道手续费", "Channel fees", "channel"),
    )
}  # fmt: skip
