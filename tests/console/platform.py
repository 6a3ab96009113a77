"""A platform started with `tuan up`, and people who use it over HTTP while a browser looks on."""

import itertools
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

from infra.embedded.home import remembered
from tests.servers import Processes
from tests.waiting import eventually

UP_IN = 90  # seconds; a quiet machine needs three
TENANT = "demo"
PRICE_FEN = 1990
OPERATOR = ("catalog:write", "read:all", "refund:propose", "refund:approve", "admin")
SHOPPER = ("shop", "read:own", "read:board")


class Platform:
    """Everything of `tuan up`, with nobody in it but who the test sends."""

    def __init__(self, processes: Processes, data_dir: Path, **settings: str) -> None:
        env = {"TUAN_DATA_DIR": str(data_dir), "TUAN_WORLD_RATE": "0", **settings}
        self.up = processes.tuan("up", env=env)
        eventually(lambda: "tuan is up" in self.up.log.read_text() or not self.up.alive, UP_IN)
        assert self.up.alive, self.up.last_words(30)
        made = remembered(data_dir)
        self.api, self.console, self.issuer, self.channel = (
            f"http://127.0.0.1:{made[f'{name}_port']}"
            for name in ("gateway", "console", "dev_issuer", "channel_simulator")
        )
        self._keys = itertools.count(1)
        self.operator = self.token("operator", OPERATOR)
        self.campaign_id = self.on_sale()

    def token(self, who: str, scopes: tuple[str, ...] = SHOPPER, ttl_seconds: int = 3600) -> str:
        asked = {"tenant": TENANT, "sub": who, "scopes": scopes, "ttl_seconds": ttl_seconds}
        return str(call("POST", f"{self.issuer}/token", body=asked)["access_token"])

    def get(self, path: str) -> dict[str, Any]:
        """As the operator."""
        return call("GET", self.api + path, self.operator)

    def ask(self, token: str, name: str, **body: Any) -> dict[str, Any]:
        key = f"test-{next(self._keys)}"
        return call("POST", f"{self.api}/v1/commands/{name}", token, body, key)

    def on_sale(self) -> str:
        """A campaign for groups of two."""
        who = self.operator
        sku = self.ask(
            who, "register_sku", merchant="m1", title="草莓 500g", list_price_fen=2990,
            fulfilment="physical",
        )["sku_id"]  # fmt: skip
        pool = self.ask(who, "open_pool", sku_id=sku, kind="warehouse", location="杭州")["pool_id"]
        self.ask(who, "receive_stock", pool_id=pool, quantity=1000, reference="DN-1")
        terms = {
            "type": "classic", "group_price": {"fen": PRICE_FEN}, "single_price": {"fen": 2590},
            "seats": 2, "hours": 1, "per_user_limit": 5, "allotment": 500,
            "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2040-01-01T00:00:00Z",
        }  # fmt: skip
        launched = self.ask(
            who, "launch_campaign", title="二人团", sku_id=sku, source_pool=pool, terms=terms
        )
        return str(launched["campaign_id"])

    def opens(self, who: str = "") -> dict[str, Any]:
        """A shopper opens a group; the order waits for its payment."""
        token = self.token(who or str(uuid4()))
        return self.ask(token, "open_group", campaign_id=self.campaign_id, province="33")

    def opens_and_pays(self) -> dict[str, Any]:
        who = str(uuid4())
        placed = self.opens(who)
        self.pays(who, placed)
        return {**placed, "buyer": who}

    def ready_order(self) -> dict[str, Any]:
        """Both seats of a group are paid: it succeeds, and its orders wait to be shipped."""
        placed, who = self.opens_and_pays(), str(uuid4())
        joined = self.ask(self.token(who), "join_group", group_id=placed["group_id"], province="44")
        self.pays(who, joined, "READY")
        return {**joined, "buyer": who}

    def withdraws(self, placed: dict[str, Any]) -> None:
        self.ask(self.token(placed["buyer"]), "withdraw_order", order_id=placed["order_id"])

    def pays(self, who: str, placed: dict[str, Any], until: str = "GROUPING") -> None:
        started = call(
            "POST",
            f"{self.api}/v1/payments",
            self.token(who),
            {"order_id": placed["order_id"], "channel": "wechatpay", "openid": f"o-{who}"},
            f"test-{next(self._keys)}",
        )
        paying = {"prepay_id": prepay_id(started), "payer_openid": f"o-{who}"}
        call("POST", f"{self.channel}/sim/pay", body=paying)
        eventually(lambda: self.status(placed["order_id"]) == until, 30)

    def status(self, order_id: str) -> str:
        """As the read side knows it; nothing while it knows nothing."""
        newest = self.get("/v1/orders?limit=50")["items"]
        return next((it["status"] for it in newest if it["order_id"] == order_id), "")


def prepay_id(started: dict[str, Any]) -> str:
    """Out of what the WeChat client is given."""
    found = json.dumps(started).partition("prepay_id=")[2]
    return found.partition('"')[0].partition("\\")[0]


def call(method: str, url: str, token: str = "", body: Any = None, key: str = "") -> dict[str, Any]:
    """The answer; a no is an AssertionError with what was said."""
    request = urllib.request.Request(url, method=method)
    request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    if key:
        request.add_header("idempotency-key", key)
    data = json.dumps(body).encode() if body is not None else None
    try:
        with urllib.request.urlopen(request, data, timeout=20) as answer:
            raw = answer.read()
    except urllib.error.HTTPError as no:
        raise AssertionError(f"{url}: {no.code} {no.read()[:500]!r}") from None
    found: dict[str, Any] = json.loads(raw) if raw else {}
    return found
