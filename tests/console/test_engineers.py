"""What engineers see: every event of a stream with what it changed, and how the platform is."""

from playwright.sync_api import expect

from tests.console.conftest import SignIn
from tests.console.platform import Platform


def test_a_stream_shows_what_each_event_changed_and_who_asked(
    platform: Platform, sign_in: SignIn
) -> None:
    placed = platform.opens_and_pays()
    page = sign_in("engineer", f"/streams?id={placed['order_id']}")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(3)
    expect(rows.last).to_have_attribute("aria-selected", "true")
    expect(page.locator(".detail")).to_contain_text("order.paid.v1")
    status = page.locator(".changes tr", has_text="status")
    expect(status).to_contain_text("PENDING_PAYMENT")
    expect(status).to_contain_text("GROUPING")

    rows.last.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    detail = page.locator(".detail")
    expect(detail).to_contain_text("order.placed.v1")
    expect(detail).to_contain_text("open_group")
    expect(detail).to_contain_text(placed["buyer"])
    page.locator("summary", has_text="命令全文").focus()
    page.keyboard.press("Enter")
    expect(detail).to_contain_text("idempotency_key")


def test_only_engineers_browse_streams(platform: Platform, sign_in: SignIn) -> None:
    page = sign_in("ops", f"/streams?id={platform.campaign_id}")
    expect(page.locator("[role=alert]")).to_have_text("你的账号没有这项权限")
    assert "campaign.launched" not in page.content()


def test_the_system_page_says_who_writes_and_how_far_everybody_is(
    platform: Platform, sign_in: SignIn
) -> None:
    page = sign_in("engineer", "/system")
    served = platform.get("/v1/system")
    expect(page.locator("dl.pairs").first).to_contain_text(served["owner"]["address"])
    for model in served["models"]:
        row = page.locator("tr[data-row]", has_text=model["name"]).first
        expect(row).to_contain_text("正常")
    before = page.locator("tr[data-id=order_status_v2] td").nth(1).inner_text()
    platform.opens()
    expect(page.locator("tr[data-id=order_status_v2] td").nth(1)).not_to_have_text(before)
