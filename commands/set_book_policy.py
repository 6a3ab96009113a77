"""Set how the books of a merchant are kept, for what is earned from now on. Asked by: finance."""

from commands.settling import record_merchant
from commands.use_case import Command, Reply, Stream, Tx, UseCase
from domain import merchant as merchants
from domain.ids import MerchantId
from domain.merchant import MERCHANT
from domain.policies import Accounting, BookPolicy, MoneyMode, RecogniseAt, SubsidyAs


class SetBookPolicy(Command, frozen=True):
    """What was earned before keeps the policy it was earned under."""

    merchant_id: MerchantId
    recognise_at: RecogniseAt
    subsidy_as: SubsidyAs
    accounting: Accounting
    money_mode: MoneyMode


class BookPolicySet(Reply, frozen=True):
    """The policy that stands now."""

    merchant_id: MerchantId
    policy: BookPolicy


def handle(cmd: SetBookPolicy, tx: Tx) -> BookPolicySet:
    merchant = tx.read(MERCHANT, cmd.merchant_id)
    version = merchant.books.version
    policy = BookPolicy(version, cmd.recognise_at, cmd.subsidy_as, cmd.accounting, cmd.money_mode)
    changed = merchants.set_policy(merchant, policy, by=tx.principal, at=tx.at)
    record_merchant(tx, cmd.merchant_id, changed)
    return BookPolicySet(cmd.merchant_id, changed[0].policy if changed else merchant.books)


USE_CASE = UseCase(
    "set_book_policy",
    SetBookPolicy,
    BookPolicySet,
    handle,
    scope="merchant:write",
    streams=lambda cmd, tx: (Stream(MERCHANT, cmd.merchant_id),),
)
