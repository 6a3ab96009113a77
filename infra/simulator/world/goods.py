"""What an item is called, what it costs, and on what terms it is sold: derived from its id and the seed."""

from functools import cache
from typing import Literal, NamedTuple

from infra.simulator.world.dice import dice

PLACES = (
    "云南", "广西", "四川", "新疆", "山东", "福建", "浙江", "海南", "陕西", "东北", "内蒙古", "湖北", "贵州", "江西",
)  # fmt: skip
THINGS = (
    "小粒咖啡", "砂糖橘", "大米", "核桃", "苹果", "乌龙茶", "丝绸围巾", "芒果", "猕猴桃", "木耳", "牛肉干", "莲藕",
    "刺梨汁", "脐橙", "蜂蜜", "辣椒酱", "纯棉毛巾", "童装", "绘本", "保温杯", "婴儿湿巾", "积木", "洗衣液", "纸尿裤",
)  # fmt: skip
SERVICES = (
    "亲子乐园门票",
    "儿童摄影套餐",
    "双人下午茶",
    "火锅四人餐",
    "洗车三次卡",
    "民宿周末一晚",
)
VOUCHER_SHARE = 0.15
PRICE_FEN = (4900, 0.7, 300, 80_000)  # median, spread (of the logarithm), least, most

SCARCE_SHARE = 0.04  # of the deals: stock for only part of their groups
SCARCE_STOCK = 0.6
LIMITED_SHARE = 0.1  # of the deals: one unit a person
LEADER_PRICE_SHARE = 0.2  # of the deals: whoever opens pays less
HOURS = (1, 1, 1, 2, 2, 3)
PAY_MINUTES = (10, 15, 15, 15, 30)


class Goods(NamedTuple):
    """One item as a SKU."""

    item: int
    merchant: str
    title: str
    list_price_fen: int
    fulfilment: Literal["physical", "voucher"]
    location: str


class Terms(NamedTuple):
    """One campaign of an item: groups of this size on these terms."""

    item: int
    seats: int
    group_price_fen: int
    single_price_fen: int
    leader_price_fen: int | None
    hours: int
    pay_minutes: int
    per_user_limit: int
    max_quantity: int
    scarce: bool


@cache
def goods(seed: int, item: int) -> Goods:
    chance = dice(seed, "goods", item)
    voucher = chance.random() < VOUCHER_SHARE
    what = chance.choice(SERVICES) if voucher else chance.choice(PLACES) + chance.choice(THINGS)
    median, spread, least, most = PRICE_FEN
    price = min(max(round(median * chance.lognormvariate(0, spread)), least), most)
    return Goods(
        item=item,
        merchant=f"merchant-{chance.randrange(200):03d}",
        title=f"{what} {item}号",
        list_price_fen=price,
        fulfilment="voucher" if voucher else "physical",
        location=f"{chance.choice(PLACES)}{'门店' if voucher else '仓'}",
    )


@cache
def terms(seed: int, item: int, seats: int) -> Terms:
    """The more people, the lower the price."""
    chance = dice(seed, "terms", item, seats)
    list_price = goods(seed, item).list_price_fen
    single = round(list_price * chance.uniform(0.85, 1.0))
    group = max(100, round(single * chance.uniform(0.6, 0.9) * 0.98 ** (seats - 2)))
    leader = round(group * 0.9) if chance.random() < LEADER_PRICE_SHARE else None
    limited = chance.random() < LIMITED_SHARE
    return Terms(
        item=item,
        seats=seats,
        group_price_fen=min(group, single),
        single_price_fen=single,
        leader_price_fen=leader,
        hours=chance.choice(HOURS),
        pay_minutes=chance.choice(PAY_MINUTES),
        per_user_limit=1 if limited else 6,
        max_quantity=1 if limited else 2,
        scarce=chance.random() < SCARCE_SHARE,
    )
