"""Two people of finance, each morning: refunds that do not go through, payouts by the bank, and what it sent back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from infra.simulator.world.dice import dice
from infra.simulator.world.merchants import ask
from infra.simulator.world.shop import Refused, Shop
from infra.simulator.world.wallet import CHECKER_NAME, MAKER_NAME, OPERATOR_NAME

FILE_LINES: Final = 200
PAGE: Final = 200
FEE_FEN: Final = 100  # that the bank takes of a line
WAYS: Final = {  # out of where a refund that people look after stands
    "ABNORMAL": "return",
    "RETURNED": "paid_elsewhere",
    "SUCCEEDED": "keep",
    "PAID_ELSEWHERE": "keep",
    "CLOSED": "reissue",
}
FAILS_SHARE: Final = (
    0.04  # of the lines: the bank does not carry them out, and a new number is needed
)


async def work_the_refund_desk(shop: Shop, run: str) -> int:
    """What only people can decide about refunds, two of them decide; returns how many that were.

    A refund may have moved on since it was listed: a proper refusal, and it is looked at tomorrow.
    """
    troubled = await listed(shop, OPERATOR_NAME, "/v1/refunds?trouble=any")
    for refund in troubled:
        of, key = {"refund_id": refund["refund_id"]}, f"{run}:refund:{refund['refund_id']}"
        action = WAYS.get(refund["status"], "retry")
        reference = f"BANK-{refund['refund_id']}" if action == "paid_elsewhere" else ""
        wish = of | {"action": action, "note": "已核对", "reference": reference}
        proposed = await shop.command(MAKER_NAME, "propose_resolution", wish, key)
        if proposed.ok:
            reply = proposed.json()
            agreed = of | {"proposal_id": reply["proposal_id"], "shown": reply["shown"]}
            await shop.command(CHECKER_NAME, "approve_resolution", agreed, key)
    return len(troubled)


async def ask_again(shop: Shop, run: str) -> int:
    """Payouts that the bank could not carry out go under a new number, as two people agree; returns how many."""
    troubled = await listed(shop, CHECKER_NAME, "/v1/payouts?troubled=true")
    for payout in troubled:
        of, key = {"payout_id": payout["payout_id"]}, f"{run}:again:{payout['payout_id']}"
        wish = of | {"action": "reissue", "note": "已核对收款户名"}
        proposed = await ask(shop, MAKER_NAME, "propose_payout_resolution", wish, key)
        agreed = of | {"proposal_id": proposed["proposal_id"], "shown": proposed["shown"]}
        await ask(shop, CHECKER_NAME, "approve_payout_resolution", agreed, key)
    return len(troubled)


async def pay_by_bank(shop: Shop, seed: int, now: datetime, run: str) -> int:
    """Everything that waits for the bank goes into files, and the bank answers at once; returns how many lines."""
    path = "/v1/payouts?route=bank_file&status=WAITING"
    waiting = [it["payout_id"] for it in await listed(shop, CHECKER_NAME, path)]
    for start in range(0, len(waiting), FILE_LINES):
        asked = {"payouts": waiting[start : start + FILE_LINES]}
        key = f"{run}:bank:{start}"
        batch = await ask(shop, CHECKER_NAME, "send_payouts_by_bank", asked, key)
        answer = {"lines": [word(seed, line, now) for line in batch["lines"]]}
        await ask(shop, CHECKER_NAME, "hear_bank", answer, key)
    return len(waiting)


def word(seed: int, line: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What the bank says of one line."""
    fails = dice(seed, "bank", line["number"]).random() < FAILS_SHARE
    return {
        "number": line["number"],
        "result": "failed" if fails else "confirmed",
        "amount_fen": line["amount_fen"],
        "at": now.isoformat(),
        "reference": f"BANK-{line['number']}",
        "fee_fen": 0 if fails else FEE_FEN,
        "code": "户名不符" if fails else "",
    }


async def listed(shop: Shop, who: str, asked: str) -> Sequence[dict[str, Any]]:
    """All pages of a list. Raises: Refused."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        path = f"{asked}&limit={PAGE}{cursor and f'&cursor={cursor}'}"
        answer = await shop.read(who, path, name="work_lists")
        if not answer.ok:
            raise Refused(f"{path}: {answer.status} {answer.raw[:300]!r}")
        page = answer.json()
        found += page["items"]
        cursor = page["next"] or ""
        if not cursor:
            return found
