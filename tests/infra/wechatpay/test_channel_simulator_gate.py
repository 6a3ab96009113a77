"""Who may speak to the channel, check by check in the documented order: of two faults the earlier is told."""

from datetime import timedelta
from typing import Any

import pytest

from infra.wechatpay.credentials import load_merchant
from tests.infra.wechatpay.support import JSAPI, NUMBER, Bare, Shop, encoded

QUERY = f"/v3/pay/transactions/out-trade-no/{NUMBER}?mchid="


async def told(bare: Bare, body: bytes, **headers: str) -> tuple[int, str]:
    """Send an order under a proper signature, except for `headers`; returns status and message."""
    signed = bare.signer.authorization("POST", JSAPI, body, bare.clock.now())
    proper = {"Accept": "application/json", "User_Agent": "test", "Authorization": signed}
    sent = {name: value for name, value in (proper | headers).items() if value != "-"}
    status, answered, content = await bare.simulator.raw("POST", JSAPI, body, **sent)
    assert not [name for name in answered if name.lower().startswith("wechatpay-")]
    return status, content.decode()


@pytest.fixture
def body(bare: Bare, shop: Shop) -> bytes:
    return encoded(bare.order(shop))


async def test_a_proper_order_is_answered_with_five_proofs(bare: Bare, shop: Shop) -> None:
    status, headers, _ = await bare.raw("POST", JSAPI, bare.order(shop))
    assert status == 200
    proofs = {name.lower() for name in headers if name.lower().startswith("wechatpay-")}
    assert proofs == {
        "wechatpay-timestamp",
        "wechatpay-nonce",
        "wechatpay-signature",
        "wechatpay-serial",
        "wechatpay-signature-type",
    }


async def test_headers_come_first(bare: Bare, body: bytes) -> None:
    for headers in ({"Accept": "text/html"}, {"User_Agent": ""}):
        status, message = await told(bare, body, Authorization="nonsense", **headers)
        assert (status, "INVALID_REQUEST" in message) == (400, True)
        assert "Http头缺少Accept或User-Agent" in message


@pytest.mark.parametrize(
    "authorization",
    [
        "-",
        "WECHATPAY2-SHA256-RSA2048",
        'WECHATPAY2-SHA256-RSA2048 mchid="1"',
        "WECHATPAY2-SHA256-RSA2048 mchid=1,nonce_str=2,signature=3,timestamp=4,serial_no=5",
        'WECHATPAY2-SHA256-RSA2048 mchid="1", nonce_str="2",signature="3",timestamp="4",serial_no="5"',
        'WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="2",signature="3",timestamp="now",serial_no="5"',
        'WECHATPAY2-SHA256-RSA2048 mchid="1",mchid="1",nonce_str="2",signature="3",timestamp="4"',
    ],
)
async def test_authorization_must_be_well_written(
    bare: Bare, body: bytes, authorization: str
) -> None:
    status, message = await told(bare, body, Authorization=authorization)
    assert (status, "Authorization值格式错误" in message) == (401, True)


async def test_the_scheme_must_be_known(bare: Bare, body: bytes) -> None:
    status, message = await told(bare, body, Authorization='WECHATPAY2-SM2 mchid="1"')
    assert (status, "认证类型不正确" in message) == (401, True)


def rewritten(bare: Bare, body: bytes, **changed: str) -> str:
    """A proper `Authorization` with fields replaced after signing."""
    signed = bare.signer.authorization("POST", JSAPI, body, bare.clock.now())
    scheme, _, rest = signed.partition(" ")
    fields = dict(part.split("=", 1) for part in rest.split(","))
    fields |= {name: f'"{value}"' for name, value in changed.items()}
    return f"{scheme} {','.join(f'{name}={value}' for name, value in fields.items())}"


async def test_time_is_judged_before_the_signature(bare: Bare, body: bytes) -> None:
    for skew in (timedelta(seconds=301), timedelta(seconds=-301)):
        timestamp = str(int((bare.clock.now() + skew).timestamp()))
        written = rewritten(bare, body, timestamp=timestamp, signature="", serial_no="0")
        status, message = await told(bare, body, Authorization=written)
        assert (status, "不得超过5分钟" in message) == (401, True)


async def test_the_key_is_judged_before_the_signature(bare: Bare, body: bytes) -> None:
    for changed in ({"serial_no": "408B07E7"}, {"mchid": "1900000109"}):
        status, message = await told(
            bare, body, Authorization=rewritten(bare, body, signature="", **changed)
        )
        assert (status, "商户证书序列号有误" in message) == (401, True)


async def test_the_signature_covers_every_part(bare: Bare, body: bytes) -> None:
    now = bare.clock.now()
    signer = bare.signer
    wrong = [
        signer.authorization("GET", JSAPI, body, now),
        signer.authorization("POST", f"{JSAPI}?a=1", body, now),
        signer.authorization("POST", JSAPI, body + b" ", now),
        rewritten(bare, body, nonce_str="another"),
        rewritten(bare, body, timestamp=str(int(now.timestamp()) + 1)),
        rewritten(bare, body, signature="not base64"),
    ]
    for authorization in wrong:
        status, message = await told(bare, body, Authorization=authorization)
        assert (status, "签名错误" in message) == (401, True)


async def test_the_body_is_read_last(bare: Bare, shop: Shop) -> None:
    status, told = await bare.ask("POST", JSAPI, bare.order(shop, mchid="1900000109"))
    assert (status, told["code"]) == (400, "PARAM_ERROR")
    assert told["message"] == "http header中的mchid与post payload中的mchid不匹配"
    status, told = await bare.ask("POST", JSAPI, bare.order(shop, appid="wx0"))
    assert (status, told["code"]) == (400, "APPID_MCHID_NOT_MATCH")
    status, told = await bare.ask("GET", f"{QUERY}1900000109")
    assert (status, told["code"]) == (400, "PARAM_ERROR")


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("/out_trade_no", {"out_trade_no": "short"}),
        ("/out_trade_no", {"out_trade_no": "ünïcode-1"}),
        ("/out_trade_no", {"out_trade_no": "9" * 33}),
        ("/description", {"description": "蓝" * 128}),
        ("/amount/total", {"amount": {"total": 0}}),
        ("/amount/total", {"amount": {"total": 19.9}}),
        ("/amount/currency", {"amount": {"total": 1, "currency": "USD"}}),
        ("/payer/openid", {"payer": {"openid": ""}}),
        ("/time_expire", {"time_expire": "2026-11-22T12:30:00"}),
        ("/time_expire", {"time_expire": "2026-11-22T12:00:59+08:00"}),
        ("/time_expire", {"time_expire": "2026-12-07T12:00:01+08:00"}),
        ("/notify_url", {"notify_url": "http://shop.example/paid"}),
        ("/notify_url", {"notify_url": "https://shop.example/paid?order=1"}),
        ("", {"payer": None}),
        ("", {"unknown_field": 1}),
    ],
)
async def test_parameters_are_checked(
    bare: Bare, shop: Shop, field: str, changed: dict[str, Any]
) -> None:
    status, told = await bare.ask("POST", JSAPI, bare.order(shop, **changed))
    assert (status, told["code"]) == (400, "PARAM_ERROR")
    assert told["detail"]["field"] == field


async def test_unknown_places_are_silent(bare: Bare) -> None:
    for method, target, expected in (("GET", "/v3/nowhere", 404), ("GET", JSAPI, 405)):
        status, _, body = await bare.raw(method, target)
        assert (status, body) == (expected, b"")


async def test_a_stranger_cannot_make_it_gather_without_end(bare: Bare) -> None:
    status, told = await bare.ask("POST", JSAPI, {"description": "x" * 100_000})
    assert (status, told["code"]) == (413, "INVALID_REQUEST")


async def test_answers_to_closing_are_signed_though_empty(bare: Bare, keys: Any) -> None:
    target = f"/v3/pay/transactions/out-trade-no/{NUMBER}/close"
    content = {"mchid": load_merchant(keys).account.mchid}
    status, headers, body = await bare.raw("POST", target, content)
    assert (status, body) == (204, b"")
    assert headers["Wechatpay-Signature"]
