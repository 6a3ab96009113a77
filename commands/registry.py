"""Every use case of the platform, by name. Adding one adds one line here."""

from typing import Any

from commands import (
    advance_payout,
    advance_refund,
    approve_adjustment,
    approve_correction,
    approve_money_mode,
    approve_payout_resolution,
    approve_resolution,
    buy_alone,
    cancel_order,
    close_order,
    close_statement,
    confirm_refund_by_bill,
    decline_adjustment,
    decline_correction,
    decline_money_mode,
    decline_payout_resolution,
    decline_resolution,
    end_campaign,
    escalate_payout,
    escalate_refund,
    expire_group,
    expire_order,
    hear_bank,
    hear_payout,
    hear_refund,
    join_group,
    launch_campaign,
    mature_earning,
    onboard_merchant,
    open_group,
    open_pool,
    owe_refund,
    propose_adjustment,
    propose_correction,
    propose_money_mode,
    propose_payout_resolution,
    propose_refund,
    propose_resolution,
    ready_order,
    receive_deposit,
    receive_stock,
    recognise_earning,
    record_bill,
    record_capture,
    record_no_bill,
    record_payout_doubt,
    record_payout_rejection,
    record_prepay,
    record_refund_doubt,
    record_refund_rejection,
    register_sku,
    reject_bill,
    send_payouts_by_bank,
    set_book_policy,
    sign_agreement,
    start_payment,
    withdraw_order,
)
from commands.use_case import UseCase
from domain.bill import BILL
from domain.campaign import CAMPAIGN
from domain.correction import CORRECTION
from domain.decider import Decider
from domain.earning import EARNING
from domain.group import GROUP
from domain.merchant import MERCHANT
from domain.order import ORDER
from domain.payment import PAYMENT
from domain.payout import PAYOUT
from domain.quota import QUOTA
from domain.refund import REFUND
from domain.sku import SKU
from domain.statement import STATEMENT
from domain.stock import STOCK

USE_CASES: dict[str, UseCase] = {
    use_case.name: use_case
    for use_case in (
        register_sku.USE_CASE,
        open_pool.USE_CASE,
        receive_stock.USE_CASE,
        launch_campaign.USE_CASE,
        end_campaign.USE_CASE,
        open_group.USE_CASE,
        join_group.USE_CASE,
        buy_alone.USE_CASE,
        start_payment.USE_CASE,
        record_prepay.USE_CASE,
        record_capture.USE_CASE,
        close_order.USE_CASE,
        cancel_order.USE_CASE,
        withdraw_order.USE_CASE,
        ready_order.USE_CASE,
        owe_refund.USE_CASE,
        advance_refund.USE_CASE,
        hear_refund.USE_CASE,
        record_refund_rejection.USE_CASE,
        record_refund_doubt.USE_CASE,
        confirm_refund_by_bill.USE_CASE,
        escalate_refund.USE_CASE,
        propose_refund.USE_CASE,
        propose_resolution.USE_CASE,
        approve_resolution.USE_CASE,
        decline_resolution.USE_CASE,
        advance_payout.USE_CASE,
        hear_payout.USE_CASE,
        record_payout_rejection.USE_CASE,
        record_payout_doubt.USE_CASE,
        escalate_payout.USE_CASE,
        send_payouts_by_bank.USE_CASE,
        hear_bank.USE_CASE,
        propose_payout_resolution.USE_CASE,
        approve_payout_resolution.USE_CASE,
        decline_payout_resolution.USE_CASE,
        record_bill.USE_CASE,
        reject_bill.USE_CASE,
        record_no_bill.USE_CASE,
        expire_order.USE_CASE,
        expire_group.USE_CASE,
        onboard_merchant.USE_CASE,
        sign_agreement.USE_CASE,
        set_book_policy.USE_CASE,
        propose_money_mode.USE_CASE,
        approve_money_mode.USE_CASE,
        decline_money_mode.USE_CASE,
        receive_deposit.USE_CASE,
        recognise_earning.USE_CASE,
        propose_adjustment.USE_CASE,
        approve_adjustment.USE_CASE,
        decline_adjustment.USE_CASE,
        mature_earning.USE_CASE,
        close_statement.USE_CASE,
        propose_correction.USE_CASE,
        approve_correction.USE_CASE,
        decline_correction.USE_CASE,
    )
}

DECIDERS: tuple[Decider[Any, Any], ...] = (
    SKU,
    STOCK,
    CAMPAIGN,
    QUOTA,
    GROUP,
    ORDER,
    PAYMENT,
    REFUND,
    PAYOUT,
    BILL,
    MERCHANT,
    EARNING,
    STATEMENT,
    CORRECTION,
)
"""Every kind of aggregate that may stand in a cell."""
