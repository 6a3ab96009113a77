"""The policies that books are kept under, as data: versioned, event-sourced, one per merchant.

Every event that moves money of a merchant carries the policy it was decided under, so that what it means in
the books follows from the event alone, and so that a month can be replayed under another policy.
"""

from typing import Literal, TypeAlias

import msgspec

RecogniseAt: TypeAlias = Literal["verification", "sale"]
SubsidyAs: TypeAlias = Literal["expense", "contra_revenue"]
Accounting: TypeAlias = Literal["agent", "principal"]
MoneyMode: TypeAlias = Literal["split", "platform_collect"]


class BookPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the books of one merchant are kept from its `version` on. Versions count from 1 for each merchant."""

    version: int
    recognise_at: RecogniseAt = (
        "verification"  # when a sale is earned: when it is used, or when it is made
    )
    subsidy_as: SubsidyAs = (
        "expense"  # what the platform adds to a price: an expense, or less revenue
    )
    accounting: Accounting = (
        "agent"  # agent: revenue is the commission; principal (自营): the whole sale
    )
    money_mode: MoneyMode = (
        "split"  # who holds buyers' money: the channel for the merchant, or the platform
    )
