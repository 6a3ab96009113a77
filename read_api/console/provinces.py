"""Provinces as tiles of equal size, each about where it lies: no map of borders, which would need approval.

Codes are the first two digits of GB/T 2260.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Tile(NamedTuple):
    """Column and row in the grid, from 1."""

    zh: str
    en: str
    column: int
    row: int


TILES: Final[Mapping[str, Tile]] = {
    "23": Tile("黑龙江", "HLJ", 9, 1),
    "65": Tile("新疆", "XJ", 1, 2),
    "15": Tile("内蒙古", "NM", 6, 2),
    "22": Tile("吉林", "JL", 9, 2),
    "62": Tile("甘肃", "GS", 3, 3),
    "64": Tile("宁夏", "NX", 4, 3),
    "14": Tile("山西", "SX", 5, 3),
    "13": Tile("河北", "HE", 6, 3),
    "11": Tile("北京", "BJ", 7, 3),
    "12": Tile("天津", "TJ", 8, 3),
    "21": Tile("辽宁", "LN", 9, 3),
    "63": Tile("青海", "QH", 3, 4),
    "61": Tile("陕西", "SN", 5, 4),
    "41": Tile("河南", "HA", 6, 4),
    "37": Tile("山东", "SD", 7, 4),
    "54": Tile("西藏", "XZ", 2, 5),
    "51": Tile("四川", "SC", 4, 5),
    "50": Tile("重庆", "CQ", 5, 5),
    "42": Tile("湖北", "HB", 6, 5),
    "34": Tile("安徽", "AH", 7, 5),
    "32": Tile("江苏", "JS", 8, 5),
    "31": Tile("上海", "SH", 9, 5),
    "53": Tile("云南", "YN", 4, 6),
    "52": Tile("贵州", "GZ", 5, 6),
    "43": Tile("湖南", "HN", 6, 6),
    "36": Tile("江西", "JX", 7, 6),
    "33": Tile("浙江", "ZJ", 8, 6),
    "45": Tile("广西", "GX", 5, 7),
    "44": Tile("广东", "GD", 6, 7),
    "35": Tile("福建", "FJ", 7, 7),
    "71": Tile("台湾", "TW", 9, 7),
    "46": Tile("海南", "HI", 5, 8),
    "82": Tile("澳门", "MO", 6, 8),
    "81": Tile("香港", "HK", 7, 8),
}
