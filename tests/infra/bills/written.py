"""Bills as the simulated channel writes them, of payments and refunds that a test makes up."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import msgspec

from domain.bill_lines import BillKey, FundLine, TradeLine
from infra.bills.reading import SHANGHAI
from infra.simulator.wechatpay.bill_text import FUND, NONE, TRADE, Line, decimal, written

DAY = date(2026, 11, 22)
MCHID = "1900007291"
KEY = BillKey("wechatpay", MCHID, "trade", DAY)
FLOW = BillKey("wechatpay", MCHID, "fundflow", DAY, "BASIC")
MORNING = datetime(2026, 11, 22, 8, tzinfo=SHANGHAI)


def pay(n: int = 1, **changed: Any) -> TradeLine:
    """The n-th line: a payment."""
    usual = TradeLine(
        bill=KEY,
        line=n,
        kind="pay",
        status="SUCCESS",
        out_trade_no=f"order-{n:04d}",
        transaction_id=f"4200{n:024d}",
        out_refund_no="",
        channel_refund_id="",
        amount_fen=1990,
        settled_fen=1990,
        fee_fen=12,
        refund_status="",
        sub_mchid="",
        currency="CNY",
        payer="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        at=MORNING + timedelta(seconds=n),
    )
    return msgspec.structs.replace(usual, **changed)


def refund(n: int = 1, **changed: Any) -> TradeLine:
    """The n-th line: a refund of that payment."""
    usual = pay(
        n,
        kind="refund",
        status="REFUND",
        out_refund_no=f"refund-{n:04d}",
        channel_refund_id=f"5030{n:024d}",
        amount_fen=990,
        settled_fen=990,
        fee_fen=-6,
        refund_status="PROCESSING",
    )
    return msgspec.structs.replace(usual, **changed)


def movement(n: int, balance_fen: int, amount_fen: int, business_type: str = "交易") -> FundLine:
    """The n-th line: so much came in, or went out when it is below zero, and this is the balance after it."""
    return FundLine(
        bill=FLOW,
        line=n,
        business_no=f"4200{n:024d}",
        flow_no=f"6000{n:024d}",
        business_name=business_type,
        business_type=business_type,
        direction="in" if amount_fen > 0 else "out",
        amount_fen=abs(amount_fen),
        balance_fen=balance_fen,
        applicant="system",
        note="",
        voucher_no=f"order-{n:04d}",
        at=MORNING + timedelta(seconds=n),
    )


def printed(line: TradeLine) -> Line:
    """What the channel writes for it."""
    paid = line.kind == "pay"
    whole, settled = decimal(line.amount_fen, 2), decimal(line.settled_fen, 2)
    return dict.fromkeys(TRADE.columns, "") | {
        "交易时间": f"{line.at:%Y-%m-%d %H:%M:%S}",
        "公众账号ID": "wx8888888888888888",
        "商户号": line.bill.mchid,
        "特约商户号": line.sub_mchid or NONE,
        "微信订单号": line.transaction_id,
        "商户订单号": line.out_trade_no,
        "用户标识": line.payer,
        "交易类型": "JSAPI",
        "交易状态": line.status,
        "付款银行": "OTHERS",
        "货币种类": line.currency,
        "应结订单金额": settled if paid else "0.00",
        "代金券金额": "0.00",
        "微信退款单号": line.channel_refund_id or NONE,
        "商户退款单号": line.out_refund_no or NONE,
        "退款金额": "0.00" if paid else settled,
        "充值券退款金额": "0.00",
        "退款状态": line.refund_status,
        "商品名称": "云南蓝莓 6盒",
        "手续费": decimal(line.fee_fen * 1000, 5),
        "费率": "0.60%",
        "订单金额": whole if paid else "0.00",
        "申请退款金额": "0.00" if paid else whole,
    }


def printed_movement(line: FundLine) -> Line:
    return {
        "记账时间": f"{line.at:%Y-%m-%d %H:%M:%S}",
        "微信支付业务单号": line.business_no,
        "资金流水单号": line.flow_no,
        "业务名称": line.business_name,
        "业务类型": line.business_type,
        "收支类型": "收入" if line.direction == "in" else "支出",
        "收支金额(元)": decimal(line.amount_fen, 2),
        "账户结余(元)": decimal(line.balance_fen, 2),
        "资金变更提交申请人": line.applicant,
        "备注": line.note,
        "业务凭证号": line.voucher_no,
    }


def trade_text(lines: Sequence[TradeLine]) -> bytes:
    return b"".join(written(map(printed, lines), TRADE, []))


def fund_text(lines: Sequence[FundLine]) -> bytes:
    return b"".join(written(map(printed_movement, lines), FUND, []))


def file(text: bytes) -> BytesIO:
    return BytesIO(text)
