"""Alipay's bill of trade (业务明细): a zip with a CSV in GBK, read strictly.

Remarks around the lines begin with #: whose bill it is and of which days, and after them what the lines add up
to. Numbers end in a tab. A refund's amounts are below zero; the sign of fees is not documented, so a fee of a
payment is read as taken and one of a refund as given back. The channel has no number of its own for a refund.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from domain.bill_lines import LineKind, TradeLine, TradeSums
from infra.bills.reading import Fault, Notes, agree, fen, number, numbered, wrong, yuan

COLUMNS: Final = (
    "支付宝交易号", "商户订单号", "业务类型", "商品名称", "创建时间", "完成时间", "门店编号", "门店名称", "操作员",
    "终端号", "对方账户", "订单金额（元）", "商家实收（元）", "支付宝红包（元）", "集分宝（元）", "支付宝优惠（元）",
    "商家优惠（元）", "券核销金额（元）", "券名称", "商家红包消费金额（元）", "卡消费金额（元）", "退款批次号/请求号",
    "服务费（元）", "分润（元）", "备注",
)  # fmt: skip
AMOUNT, SETTLED, FEE, REQUEST = (
    "订单金额（元）",
    "商家实收（元）",
    "服务费（元）",
    "退款批次号/请求号",
)
KINDS: Final[dict[str, LineKind]] = {"交易": "pay", "退款": "refund"}
STATUSES: Final = {"pay": "SUCCESS", "refund": "REFUND"}
FIRST: Final = "#支付宝业务明细查询"
ACCOUNT: Final = re.compile(r"#账号：\[([0-9A-Za-z@._-]+)\]")
DAYS: Final = re.compile(r"#起始日期：\[(\d{4})年(\d\d)月(\d\d)日 00:00:00\]\s+终止日期：\[.*\]")
SUMS: Final = {
    "交易合计": re.compile(
        r"#交易合计：(\d{1,12})笔，商家实收共(-?[0-9.]+)元，商家优惠共(-?[0-9.]+)元"
    ),
    "退款合计": re.compile(
        r"#退款合计：(\d{1,12})笔，商家实收退款共(-?[0-9.]+)元，商家优惠退款共(-?[0-9.]+)元"
    ),
}
TEXT_MAX: Final = 2**31  # bytes of the CSV
BROKEN_ZIP: Final = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError,
)  # fmt: skip


class Reader:
    """Reads one file. `notes` holds what it came to, once all lines were taken."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self._counts: dict[LineKind, int] = {"pay": 0, "refund": 0}
        self._settled: dict[LineKind, int] = {"pay": 0, "refund": 0}  # as printed
        self._fen: dict[LineKind, int] = {"pay": 0, "refund": 0}
        self._fee_fen = 0
        self._places: dict[str, int] = {}

    def lines(self, file: BinaryIO) -> Iterator[TradeLine]:
        """The good lines, in order."""
        try:
            with zipfile.ZipFile(file) as archive:
                member = details(archive)
                with archive.open(member) as text:
                    yield from self._read(text)  # type: ignore[arg-type]
        except Fault as fault:
            self.notes.fault(0, fault.column, fault.what)
        except BROKEN_ZIP as broken:
            self.notes.fault(0, "", wrong("不是完好的 zip no sound zip", str(broken)))

    def _read(self, file: BinaryIO) -> Iterator[TradeLine]:
        texts = decoded(file, self.notes)
        if not self._head(texts):
            return
        for place, (at, text) in enumerate(texts, 1):
            if text.startswith("#"):
                self._close(texts, at, text)
                return
            try:
                yield self._line(text.split(","), place)
            except Fault as fault:
                self.notes.fault(at, fault.column, fault.what)

    def _head(self, texts: Iterator[tuple[int, str]]) -> bool:
        """Whose bill it is, of which day, and where the columns stand; False when there are no lines to read."""
        key, account, days = self.notes.key, None, None
        for at, text in texts:
            if at == 1 and text != FIRST:
                self.notes.fault(at, "", wrong("不是业务明细 no bill of trade", text))
                return False
            account = account or ACCOUNT.fullmatch(text)
            days = days or DAYS.fullmatch(text)
            if text.startswith("#"):
                continue
            if account is None or not account[1].startswith(key.mchid):
                self.notes.fault(0, "账号", "其他账号的账单 a bill of another account")
            if days is None or "-".join(days.groups()) != key.date.isoformat():
                self.notes.fault(0, "起始日期", "其他日期的账单 a bill of another day")
            self._places = {name: place for place, name in enumerate(text.split(","))}
            missing = [name for name in COLUMNS if name not in self._places]
            for name in missing:
                self.notes.fault(at, name, "没有这一列 the column is missing")
            return not missing
        return False

    def _line(self, values: list[str], place: int) -> TradeLine:
        if len(values) != len(self._places):
            raise Fault(
                "", wrong(f"不是 {len(self._places)} 个值 another number of values", str(values))
            )
        row = {name: values[at].strip("\t ") for name, at in self._places.items()}
        kind = KINDS.get(row["业务类型"])
        if kind is None:
            raise Fault("业务类型", wrong("未知的业务类型 an unknown type", row["业务类型"]))
        amount, settled, fee = (fen(column, row[column]) for column in (AMOUNT, SETTLED, FEE))
        for column, value in ((AMOUNT, amount), (SETTLED, settled)):
            if (value > 0) if kind == "refund" else (value < 0):
                raise Fault(column, wrong("金额正负与业务类型不符 of the wrong sign", row[column]))
        line = TradeLine(
            bill=self.notes.key,
            line=place,
            kind=kind,
            status=STATUSES[kind],
            out_trade_no=number("商户订单号", row["商户订单号"]),
            transaction_id=number("支付宝交易号", row["支付宝交易号"]),
            out_refund_no="" if kind == "pay" else number(REQUEST, row[REQUEST]),
            channel_refund_id="",
            amount_fen=abs(amount),
            settled_fen=abs(settled),
            fee_fen=abs(fee) if kind == "pay" else -abs(fee),
            refund_status="" if kind == "pay" else "SUCCESS",  # it stands here once it is done
            sub_mchid="",
            currency="CNY",
            payer=row["对方账户"],
            at=self.notes.instant("完成时间", row["完成时间"]),
        )
        self.notes.met(kind, line.transaction_id, line.out_refund_no)
        self._counts[kind] += 1
        self._settled[kind] += settled
        self._fen[kind] += line.amount_fen
        self._fee_fen += line.fee_fen
        return line

    def _close(self, texts: Iterator[tuple[int, str]], at: int, text: str) -> None:
        """The remarks after the lines, two of which say what they add up to."""
        found: dict[str, tuple[int, re.Match[str]]] = {}
        while True:
            if not text.startswith("#"):
                self.notes.fault(at, "", wrong("汇总之后还有内容 something follows the sums", text))
            for name, shape in SUMS.items():
                if match := shape.fullmatch(text):
                    found[name] = at, match
            try:
                at, text = next(texts)
            except StopIteration:
                break
        for name, kind in zip(SUMS, KINDS.values(), strict=True):
            if name not in found:
                self.notes.fault(0, name, "没有汇总 the sums are missing")
            elif not self.notes.error_count:
                self._compare(name, kind, *found[name])
        self.notes.sums = TradeSums(
            self._counts["pay"], self._fen["pay"], self._counts["refund"], self._fen["refund"], self._fee_fen
        )  # fmt: skip

    def _compare(self, name: str, kind: LineKind, at: int, said: re.Match[str]) -> None:
        try:
            settled = fen(name, said[2])
        except Fault as fault:
            self.notes.fault(at, fault.column, fault.what)
            return
        agree(self.notes, at, {name: (int(said[1]), self._counts[kind])}, str)
        agree(self.notes, at, {name: (settled, self._settled[kind])}, yuan)


def decoded(file: BinaryIO, notes: Notes) -> Iterator[tuple[int, str]]:
    """The texts of the lines without their ends. Ends after one that is no text."""
    for at, raw in numbered(file, notes):
        try:
            yield at, raw.decode("gbk").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            notes.fault(at, "", "不是 GBK not GBK")
            return


def details(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The file with the lines; the other one only sums them up. Raises: Fault."""
    wanted = [member for member in archive.infolist() if named(member).endswith("业务明细.csv")]
    if len(wanted) != 1:
        raise Fault("", "压缩包内没有唯一的业务明细 not one bill of trade in the zip")
    if wanted[0].file_size > TEXT_MAX:
        raise Fault("", "业务明细过大 the bill is too large")
    return wanted[0]


def named(member: zipfile.ZipInfo) -> str:
    """Its name; names of old are in GBK, and the library takes them for another code."""
    if member.flag_bits & 0x800:
        return member.filename
    return member.filename.encode("cp437", "replace").decode("gbk", "replace")
