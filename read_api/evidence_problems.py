"""Why evidence is not given although it is there."""

from typing import Final

from domain.problem import Problem

EVIDENCE_TOO_LARGE: Final = Problem(
    413,
    "evidence_too_large",
    "存证内容过多，请改为按订单或退款导出",
    "That is more than one evidence pack takes: ask for orders or refunds one by one.",
)
NO_ANCHOR_KEY: Final = Problem(
    503,
    "no_anchor_key",
    "本服务没有锚定密钥，无法签发存证",
    "This service holds no anchor key, so it cannot sign evidence.",
)

OF_EVIDENCE: Final = (EVIDENCE_TOO_LARGE, NO_ANCHOR_KEY)
