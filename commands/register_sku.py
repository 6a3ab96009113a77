"""Register a SKU: from now on a merchant may sell it. Asked by: merchants, operators."""

from commands.fields import Fen, Name, Title
from commands.use_case import Command, Reply, Tx, UseCase
from domain import sku as skus
from domain.events.catalog import Fulfilment
from domain.ids import SkuId
from domain.money import Money
from domain.sku import SKU


class RegisterSku(Command, frozen=True):
    """Let a merchant sell goods that ship, or a voucher that is verified in a store."""

    merchant: Name
    title: Title
    list_price_fen: Fen
    fulfilment: Fulfilment


class RegisteredSku(Reply, frozen=True):
    """The id under which pools and campaigns name it."""

    sku_id: SkuId


def handle(cmd: RegisterSku, tx: Tx) -> RegisteredSku:
    sku_id = SkuId(tx.id("sku"))
    registered = skus.register(
        tx.create(SKU, sku_id),
        sku_id=sku_id,
        merchant=cmd.merchant,
        title=cmd.title,
        list_price=Money(cmd.list_price_fen),
        fulfilment=cmd.fulfilment,
        at=tx.at,
    )
    tx.append(SKU, sku_id, registered)
    return RegisteredSku(sku_id)


USE_CASE = UseCase("register_sku", RegisterSku, RegisteredSku, handle, scope="catalog:write")
