"""How the channel writes a bill: a heading, lines of values that each begin with a back-tick, and their sums.

Whoever tests reconciliation may have lines left out, doubled or changed on the way: the sums are those of what
is written, so the file is in order in itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

Line: TypeAlias = dict[str, str]
Act: TypeAlias = Literal["omit", "duplicate", "set", "add", "reissue", "miscount"]

TRADE_COLUMNS: Final = (
    "交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号", "用户标识", "交易类型",
    "交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额", "微信退款单号", "商户退款单号", "退款金额",
    "充值券退款金额", "退款类型", "退款状态", "商品名称", "商户数据包", "手续费", "费率", "订单金额", "申请退款金额",
    "费率备注",
)  # fmt: skip
FUND_COLUMNS: Final = (
    "记账时间", "微信支付业务单号", "资金流水单号", "业务名称", "业务类型", "收支类型", "收支金额(元)", "账户结余(元)",
    "资金变更提交申请人", "备注", "业务凭证号",
)  # fmt: skip


class Total(NamedTuple):
    """One value of the last row: the sum of a column, or the number of lines; of one direction or of all."""

    name: str
    column: str = ""  # "": how many lines
    places: int = 2
    when: str = ""  # 收支类型 of the lines that count; "": all of them


class Shape(NamedTuple):
    """One kind of bill."""

    columns: tuple[str, ...]
    totals: tuple[Total, ...]
    numbers: tuple[str, ...]  # columns whose values name a line
    remark: str  # a column that means nothing


TRADE: Final = Shape(
    TRADE_COLUMNS,
    (
        Total("总交易单数"),
        Total("应结订单总金额", "应结订单金额"),
        Total("退款总金额", "退款金额"),
        Total("充值券退款总金额", "充值券退款金额"),
        Total("手续费总金额", "手续费", 5),
        Total("订单总金额", "订单金额"),
        Total("申请退款总金额", "申请退款金额"),
    ),
    ("微信退款单号", "商户退款单号", "微信订单号", "商户订单号"),
    "费率备注",
)
FUND: Final = Shape(
    FUND_COLUMNS,
    (
        Total("资金流水总笔数"),
        Total("收入笔数", when="收入"),
        Total("收入金额", "收支金额(元)", when="收入"),
        Total("支出笔数", when="支出"),
        Total("支出金额", "收支金额(元)", when="支出"),
    ),
    ("微信支付业务单号", "资金流水单号", "业务凭证号"),
    "备注",
)
NONE: Final = "0"  # what stands for a number that there is not


class Change(NamedTuple):
    """What is to go wrong with the lines that `number` names."""

    act: Act
    number: str
    values: Mapping[str, str]  # by column, of `set` and `add`


def written(lines: Iterable[Line], shape: Shape, changes: list[Change]) -> Iterator[bytes]:
    """The text, piece by piece."""
    sums = [0] * len(shape.totals)
    yield _row(shape.columns, mark="")
    for line in changed(lines, shape, changes):
        for index, total in enumerate(shape.totals):
            if total.when in ("", line.get("收支类型")):
                sums[index] += units(line[total.column], total.places) if total.column else 1
        yield _row([line[column] for column in shape.columns])
    sums[0] += sum(change.act == "miscount" for change in changes)
    yield _row([total.name for total in shape.totals], mark="")
    yield _row(
        [
            decimal(value, total.places) if total.column else str(value)
            for total, value in zip(shape.totals, sums, strict=True)
        ]
    )


def changed(lines: Iterable[Line], shape: Shape, changes: list[Change]) -> Iterator[Line]:
    """The lines as they are to be written."""
    by_number: dict[str, list[Change]] = {}
    for change in changes:
        by_number.setdefault(change.number, []).append(change)
    issue = sum(change.act == "reissue" for change in changes)
    for line in lines:
        wanted = by_number and by_number.get(named(line, shape, by_number), [])
        acts = {change.act for change in wanted or ()}
        for change in wanted or ():
            if change.act == "set":
                line |= change.values
        if issue:
            line |= {shape.remark: f"第{issue}次重出"}
            issue = 0
        if "omit" not in acts:
            yield line
        if "duplicate" in acts:
            yield line
    blank = dict.fromkeys(shape.columns, "")
    yield from (blank | dict(change.values) for change in changes if change.act == "add")


def named(line: Line, shape: Shape, numbers: Mapping[str, object]) -> str:
    """The number by which somebody means this line; a refund is not meant by the numbers of its payment."""
    own = [line[column] for column in shape.numbers if line[column] != NONE]
    if len(own) > 2 and shape is TRADE:
        own = own[:2]
    return next((number for number in own if number in numbers), "\0")


def decimal(value: int, places: int) -> str:
    """1990 fen are 19.90; exact, also below zero."""
    digits = f"{abs(value):0{places + 1}d}"
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def units(text: str, places: int) -> int:
    """What a value adds to a sum; one that somebody made unreadable adds nothing."""
    whole, _, part = text.partition(".")
    try:
        return int(whole + part) if len(part) == places else 0
    except ValueError:
        return 0


def escaped(text: str) -> str:
    """What users wrote, without the two characters that hold a bill together."""
    return text.replace(",", "\\ ").replace("\n", "\\n")


def _row(values: Iterable[str], *, mark: str = "`") -> bytes:
    return (",".join(f"{mark}{value}" for value in values) + "\r\n").encode()
