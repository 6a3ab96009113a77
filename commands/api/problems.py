"""Every way the write API says no, each with its stable code, and the one exception that carries it."""

from typing import Any, Final

from domain.problem import GENERAL, Problem

KEY_MISSING = Problem(
    400,
    "idempotency_key_missing",
    "缺少 Idempotency-Key 请求头",
    "Every command needs an Idempotency-Key header.",
)
KEY_INVALID = Problem(
    400,
    "idempotency_key_invalid",
    "Idempotency-Key 须为 1 至 128 个可见 ASCII 字符",
    "Idempotency-Key must be 1 to 128 visible ASCII characters.",
)
HEADER_INVALID = Problem(400, "header_invalid", "请求头格式有误", "A header is malformed.")
NOT_JSON = Problem(
    400, "malformed_json", "请求体不是合法的 JSON", "The body is not valid JSON in UTF-8."
)
MEDIA = Problem(
    415,
    "unsupported_media_type",
    "请求体须为 application/json",
    "The body must be application/json.",
)
TOO_LARGE = Problem(413, "body_too_large", "请求体超过 64 KB", "The body is larger than 64 KB.")
INVALID = Problem(
    422,
    "invalid_body",
    "请求体字段有误",
    "A field of the body is unknown, missing or out of range.",
)
KEY_REUSED = Problem(
    422,
    "idempotency_key_reused",
    "该 Idempotency-Key 已用于不同的请求体",
    "This Idempotency-Key was used before with another body.",
)
NOT_A_BUYER = Problem(
    403,
    "not_a_buyer",
    "凭证不属于买家",
    "Only a buyer can ask for this: the token's subject is no user id.",
)
OVERLOADED = Problem(
    503, "overloaded", "系统繁忙，请稍后重试", "The platform is busy; try again later."
)
UNKNOWN_COMMAND = Problem(
    404, "unknown_command", "没有这个命令", "There is no command of this name."
)
NO_OWNER = Problem(
    503,
    "no_owner",
    "交易服务正在切换，请稍后用同一 Idempotency-Key 重试",
    "The engine is changing hands; repeat with the same Idempotency-Key.",
)
FAILED = Problem(
    500,
    "command_failed",
    "命令执行出错，已记录",
    "The command could not be decided; that has been recorded and changed nothing.",
)
CHANNEL_UNKNOWN = Problem(
    422, "channel_unknown", "未开通该支付渠道", "This tenant has no such payment channel."
)
CHANNEL_REFUSED = Problem(
    409,
    "channel_refused",
    "支付渠道拒绝了请求",
    "The payment channel gave a final no; see `channel_code`.",
)
CHANNEL_IN_DOUBT = Problem(
    503,
    "channel_in_doubt",
    "支付渠道结果未知，请用同一 Idempotency-Key 重试",
    "The payment channel did not answer; repeat with the same Idempotency-Key.",
)

BANK_FILE_INVALID = Problem(
    422,
    "bank_file_invalid",
    "银行回单文件有误，未导入任何一行",
    "The bank's answer is not taken, not even in part: `errors` names each line.",
)
PAYEE_UNREADABLE = Problem(
    409,
    "payee_unreadable",
    "收款账户无法读取，请更换收款账户",
    "An account cannot be opened: its key is gone. Give the merchant another one.",
)

EDGE: Final = (
    *GENERAL,
    KEY_MISSING,
    KEY_INVALID,
    HEADER_INVALID,
    NOT_JSON,
    MEDIA,
    TOO_LARGE,
    INVALID,
    KEY_REUSED,
    NOT_A_BUYER,
    OVERLOADED,
    UNKNOWN_COMMAND,
    NO_OWNER,
    FAILED,
    CHANNEL_UNKNOWN,
    CHANNEL_REFUSED,
    CHANNEL_IN_DOUBT,
    BANK_FILE_INVALID,
    PAYEE_UNREADABLE,
)
"""All of them, for the catalogue and the OpenAPI document. Refusals of the domain come on top, as 409."""


class Refused(Exception):
    """The request ends here. `members` are extension fields of the problem."""

    def __init__(self, problem: Problem, *, retry_after_seconds: int = 0, **members: Any) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds
        self.members = members
