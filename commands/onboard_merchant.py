"""Onboard a merchant: the platform settles with it from now on. Asked by: the route that seals its account."""

from commands.fields import Name, Sealed, Title
from commands.settling import MerchantState, record_merchant
from commands.use_case import Command, Stream, Tx, UseCase
from domain import merchant as merchants
from domain.events.payout import Route
from domain.ids import merchant_id
from domain.merchant import MERCHANT


class OnboardMerchant(Command, frozen=True):
    """`merchant` is what its SKUs name it. `payee` is where payouts go, sealed under the merchant's own key."""

    merchant: Name
    name: Title
    self_operated: bool
    route: Route
    payee: Sealed


def handle(cmd: OnboardMerchant, tx: Tx) -> MerchantState:
    id = merchant_id(tx.tenant, cmd.merchant)
    onboarded = merchants.onboard(
        tx.read(MERCHANT, id),
        merchant_id=id,
        name=cmd.merchant,
        title=cmd.name,
        self_operated=cmd.self_operated,
        route=cmd.route,
        payee=cmd.payee,
        by=tx.principal,
        at=tx.at,
    )
    record_merchant(tx, id, onboarded)
    return MerchantState(id)


USE_CASE = UseCase(
    "onboard_merchant",
    OnboardMerchant,
    MerchantState,
    handle,
    scope="merchant:onboard",
    streams=lambda cmd, tx: (Stream(MERCHANT, merchant_id(tx.tenant, cmd.merchant)),),
)
