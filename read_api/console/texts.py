"""Every word of the console, Chinese first, English beside it."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from read_api.console.texts_breaks import BREAK_DESK
from read_api.console.texts_closing import CLOSING
from read_api.console.texts_desk import DESK
from read_api.console.texts_engine import STREAMS, SYSTEM
from read_api.console.texts_funds import FUNDS
from read_api.console.texts_trade import DASHBOARD, ORDER

Language = Literal["zh", "en"]
Words = Callable[[str], str]
Texts = Mapping[str, tuple[str, str]]

FRAME: Final[Texts] = {
    "product": ("团 · 运营控制台", "Tuan · Operator console"),
    "dashboard": ("大屏", "Dashboard"),
    "order": ("一单到底", "Order"),
    "refunds": ("退款处理台", "Refund desk"),
    "streams": ("流浏览", "Streams"),
    "system": ("系统", "System"),
    "help": ("快捷键", "Keyboard"),
    "theme": ("切换明暗", "Switch light and dark"),
    "language": ("English", "中文"),
    "sign_out": ("退出", "Sign out"),
    "live": ("实时", "Live"),
    "as_of": ("截至", "As of"),
    "waiting": ("连接中", "Connecting"),
    "stale": ("数据源暂不可用，正在重试", "The API does not answer; trying again"),
    "skip": ("跳到正文", "Skip to content"),
    "close": ("关闭", "Close"),
    "key_pages": ("打开第 1–7 个页面", "Open page 1–7"),
    "key_search": ("跳到查询框", "Go to the search box"),
    "key_rows": ("在表格中移动", "Move in a table"),
    "key_open": ("打开所选的行", "Open the selected row"),
    "key_theme": ("切换明暗", "Light or dark"),
    "key_language": ("切换语言", "Language"),
    "key_help": ("显示快捷键", "Show this list"),
    "key_escape": ("关闭弹窗", "Close a dialog"),
    "nothing": ("暂无数据", "Nothing here"),
    "forbidden": ("你的账号没有这项权限", "Your account may not see this"),
    "not_found": ("没有这一页", "No such page"),
    "not_found_more": ("地址有误，或页面已移走。", "The address is wrong, or the page has moved."),
    "broken": ("页面出错", "Something broke"),
    "broken_more": ("错误已记录，请稍后重试。", "It has been logged; please try again."),
}
LOGIN: Final[Texts] = {
    "sign_in": ("登录", "Sign in"),
    "lead": ("团购业务中台", "The group-buying platform"),
    "who": ("选择身份", "Who are you?"),
    "who_more": (
        "本机开发环境：无需密码，每个身份只拿到自己的权限。",
        "Development on this machine: no password; each gets the permissions of the role only.",
    ),
    "or_token": ("或使用 API Key / JWT", "Or use an API key or a JWT"),
    "token": ("API Key 或 JWT", "API key or JWT"),
    "token_refused": ("凭证无效、已过期或已吊销", "The token is invalid, expired or revoked."),
    "api_away": ("暂时无法连接平台，请稍后重试", "The platform cannot be reached; try again."),
    "token_more": (
        "凭证只保存在服务器内存中，浏览器拿不到它。",
        "It is kept in the server's memory only; the browser never gets it back.",
    ),
}


def words(language: Language) -> Words:
    """Text by its key in one language."""
    column = 0 if language == "zh" else 1
    return lambda key: ALL[key][column]


def merged(*parts: Texts) -> Texts:
    """One table. A key that two parts use would mean two things."""
    keys = [key for part in parts for key in part]
    assert len(keys) == len(set(keys)), sorted({key for key in keys if keys.count(key) > 1})
    return {key: text for part in parts for key, text in part.items()}


ALL: Final = merged(
    FRAME, LOGIN, DASHBOARD, ORDER, DESK, CLOSING, BREAK_DESK, FUNDS, STREAMS, SYSTEM
)
