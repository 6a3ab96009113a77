"""Options of the charts, in the colours of the theme."""

from collections.abc import Sequence
from typing import Any, Final

PALETTE: Final = {
    False: {"line": "#2458d3", "paid": "#12805c", "axis": "#98a1af", "split": "#eceef2", "card": "#fff", "text": "#1b1f26"},
    True: {"line": "#7aa2ff", "paid": "#4cc79a", "axis": "#6d7888", "split": "#222934", "card": "#1b212a", "text": "#e6eaf0"},
}  # fmt: skip
LINE_MIN: Final = 3  # fewer points make no line that could be seen
FONT: Final = '-apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'


def lines(names: Sequence[str], *, dark: bool) -> dict[str, Any]:
    """Lines over time, without data yet: `fill` gives it."""
    ink = PALETTE[dark]
    label = {"color": ink["axis"], "fontFamily": FONT, "fontSize": 11}
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "grid": {"left": 8, "right": 12, "top": 34, "bottom": 4, "containLabel": True},
        "legend": {"right": 4, "top": 0, "icon": "roundRect", "itemWidth": 10, "itemHeight": 4,
                   "textStyle": {**label, "fontSize": 12}},
        "tooltip": {"trigger": "axis", "backgroundColor": ink["card"], "borderColor": ink["split"],
                    "textStyle": {"color": ink["text"], "fontSize": 12}},
        "xAxis": {"type": "category", "boundaryGap": False, "data": [], "axisLabel": label,
                  "axisTick": {"show": False}, "axisLine": {"lineStyle": {"color": ink["split"]}}},
        "yAxis": {"type": "value", "minInterval": 1, "axisLabel": label,
                  "splitLine": {"lineStyle": {"color": ink["split"]}}},
        "series": [
            {"name": name, "type": "line", "data": [], "showSymbol": False, "smooth": 0.25,
             "lineStyle": {"width": 2, "color": ink[tone]}, "itemStyle": {"color": ink[tone]},
             "areaStyle": {"color": ink[tone], "opacity": 0.08}}
            for name, tone in zip(names, ("line", "paid"), strict=False)
        ],
    }  # fmt: skip


def fill(options: dict[str, Any], times: Sequence[str], *series: Sequence[float]) -> None:
    """Put data into a chart made by `lines`."""
    options["xAxis"]["data"] = list(times)
    for line, values in zip(options["series"], series, strict=True):
        line["data"] = list(values)
        line["showSymbol"] = len(times) < LINE_MIN
