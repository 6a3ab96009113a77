"""Record that the channel accepted a payment request. Asked by: the payment gateway."""

from commands.fields import Name
from commands.use_case import Command, Lane, Reply, Stream, Tx, UseCase
from domain import payment as payments
from domain.ids import PaymentId
from domain.payment import PAYMENT


class RecordPrepay(Command, frozen=True):
    """Keep the channel's prepay id, with which the buyer's client opens the cashier."""

    payment_id: PaymentId
    prepay_id: Name


class RecordedPrepay(Reply, frozen=True):
    """The payment can be made."""

    payment_id: PaymentId


def handle(cmd: RecordPrepay, tx: Tx) -> RecordedPrepay:
    payment = tx.read(PAYMENT, cmd.payment_id)
    prepared = payments.prepare(payment, prepay_id=cmd.prepay_id, at=tx.at)
    tx.append(PAYMENT, cmd.payment_id, prepared)
    return RecordedPrepay(cmd.payment_id)


USE_CASE = UseCase(
    "record_prepay",
    RecordPrepay,
    RecordedPrepay,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: (Stream(PAYMENT, cmd.payment_id),),
    lane=Lane.MONEY,
)
