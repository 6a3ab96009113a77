"""The matcher before the oracle: what it found against what was put there, by code, over many seeds."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Final, NamedTuple, get_args

from domain import bank_flow, matching_run
from domain.bill_lines import FundLine, TradeLine
from domain.events.recon import Code
from domain.matching_rows import Ahead, Equal, Finding, Known, Moved, Outcome, Row, Void, Waits
from infra.recon.injections import ALONE
from infra.recon.injections_differ import DIFFERENT, many_small_fees, small_fee
from infra.recon.injections_funds import FUNDS, JUDGED_AT, broken_chain
from infra.recon.oracle import Story
from infra.recon.oracle_words import TODAY, Bills, Expected

CODES: Final = (*get_args(Code), "VOID", "MOVED")
GAPS: Final = 6  # one seed in so many has a broken chain of balances, and nothing else is found
FEES: Final = {1: (100, "FEE_ROUNDING"), 2: (101, "")}  # of 8 seeds: how many, and by which rule


class Score(NamedTuple):
    """How one code did: how many there were, how many were found as they should be, and what was found in all."""

    code: str
    injected: int
    right: int
    found: int

    @property
    def recall(self) -> float:
        return self.right / self.injected if self.injected else 0.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0


class Verdict(NamedTuple):
    """Every code, and the first things that went wrong, each with its seed."""

    scores: tuple[Score, ...]
    wrong: tuple[str, ...]

    @property
    def perfect(self) -> bool:
        return not self.wrong and all(score.injected == score.right > 0 for score in self.scores)


def judge(seeds: Iterable[int]) -> Verdict:
    """Play each seed and compare."""
    injected, found, right = Counter[str](), Counter[str](), Counter[str]()
    wrong = list[str]()
    for seed in seeds:
        bills = story(seed)
        wanted, seen = Counter(bills.expected + bills.outside), Counter(findings(bills))
        for answers, counts in ((wanted, injected), (seen, found), (wanted & seen, right)):
            for answer, times in answers.items():
                counts[answer.code] += times
        wrong += [f"seed {seed}: missed {it}" for it in (wanted - seen).elements()]
        wrong += [f"seed {seed}: invented {it}" for it in (seen - wanted).elements()]
        wrong += [f"seed {seed}: {it}" for it in unbalanced(bills)]
    scores = tuple(Score(code, injected[code], right[code], found[code]) for code in CODES)
    return Verdict(scores, tuple(wrong[:20]))


def story(seed: int) -> Bills:
    """A day of plain trade, with every kind of difference none to two times."""
    s = Story(Random(seed))
    for _ in range(s.random.randrange(20, 50)):
        line, row = s.either()
        s.bill(line)
        s.book(row)
        s.matched(line, row)
    fees = FEES.get(seed % 8)
    for inject in (*ALONE, *DIFFERENT, *FUNDS):
        if inject is small_fee and fees:
            many_small_fees(s, *fees)
            continue
        for _ in range(s.random.choice((0, 1, 1, 2))):
            inject(s)
    bills = s.written()
    if seed % GAPS == 0:
        place = broken_chain(s, bills)
        bills.expected[:] = [Expected("BALANCE_GAP", f"fund#{place}", ("BALANCE_GAP",))]
    return bills


def date_of(bills: Bills) -> matching_run.Date:
    def known(numbers: Iterable[str]) -> Mapping[str, Known]:
        return {number: bills.known[number] for number in numbers if number in bills.known}

    return matching_run.Date(
        TODAY, lambda: bills.trades, lambda: bills.funds, bills.opening, bills.rows, bills.fund_rows,
        bills.carried, bills.held, bills.payouts,
        [Ahead(number, fen) for number, fen in bills.ahead.items()], known,
    )  # fmt: skip


def findings(bills: Bills) -> Iterator[Expected]:
    """What the matcher says, in the oracle's words."""
    for outcome in matching_run.outcomes(date_of(bills)):
        yield told(outcome)
    for seen in bank_flow.compare_bank(bills.transfers, bills.bank, on=TODAY):
        match seen:
            case bank_flow.Settled(line, numbers):
                yield Expected("MATCHED", f"bank#{line}", more=" ".join(sorted(numbers)))
            case bank_flow.Stays(number, until):
                code = "PENDING_CUTOFF"
                yield Expected(code, number, (code,), more=until.isoformat())
            case bank_flow.Odd():
                yield odd(seen)
    yield from (odd(it) for it in bank_flow.watch_splits(bills.splits, JUDGED_AT))


def odd(it: bank_flow.Odd) -> Expected:
    return Expected(it.code, it.reference, (it.code,), more=str(it.difference_fen))


def told(outcome: Outcome) -> Expected:
    match outcome:
        case Equal(row, line, bill_date, side, held):
            place = f"fund {bill_date}#{line}" if side == "fund" else f"{bill_date}#{line}"
            late = "late" if held or row.held else ""
            return Expected("MATCHED", f"{row.number} {place}", more=late)
        case Void(line, bill_date):
            return Expected("VOID", f"{bill_date}#{line}")
        case Waits(until, line, row, ahead):
            of = ahead.number if ahead else about(line, row)
            return Expected("PENDING_CUTOFF", of, more=until.isoformat())
        case Moved(fund, kind, _):
            return Expected("MOVED", f"fund#{fund.line}", more=kind)
        case Finding():
            long = max(outcome.unbooked_fen, 0) + max(-outcome.unbilled_fen, 0)
            short = max(-outcome.unbooked_fen, 0) + max(outcome.unbilled_fen, 0)
            of = outcome.number or about(outcome.line, None)
            if not of and outcome.funds:
                of = f"fund#{outcome.funds[0].line}"
            of = of or about(None, outcome.row)
            more = outcome.auto or " ".join(outcome.suggested)
            return Expected(outcome.code, of, outcome.failing, long, short, more)


def about(line: TradeLine | None, row: Row | None) -> str:
    """Where it stands, or by which number it is known."""
    if line is not None:
        return f"{line.bill.date}#{line.line}"
    return row.number if row is not None else ""


def unbalanced(bills: Bills) -> Iterator[str]:
    """Whatever is found, the account must end where the channel says: what goes through and what is suspended."""
    suspended = [it for it in bills.trades if (it.bill.date, it.line) in bills.held]
    gained, waiting = sum(net_of(it) for it in suspended), 0
    for outcome in matching_run.outcomes(date_of(bills)):
        match outcome:
            case Finding(failing=("BALANCE_GAP", *_)):
                return
            case Equal(row=row, held=held) if held is None:
                gained += row.net_fen
            case Moved(fund, _, _):
                gained += gain_of(fund)
            case Finding(failing=("PAYOUT_RETURNED", *_), funds=funds):
                waiting += sum(gain_of(fund) for fund in funds)  # the payout itself books it
            case Finding():
                gained += outcome.through_fen + outcome.unbooked_fen
            case Waits(line=alone) if alone is not None:
                waiting += net_of(alone)
            case Waits(ahead=ahead) if ahead is not None:
                waiting += ahead.net_fen
    waiting -= sum(bills.ahead.values())
    for carried in bills.carried:
        if (carried.bill.date, carried.line) not in bills.held:
            waiting -= net_of(carried)
    if gained + waiting != bills.closing - bills.opening:
        yield f"the account gained {bills.closing - bills.opening}, the books {gained + waiting}"


def net_of(line: TradeLine) -> int:
    """By the judge's own reckoning."""
    return (-line.settled_fen if line.kind == "refund" else line.settled_fen) - line.fee_fen


def gain_of(line: FundLine) -> int:
    return line.amount_fen if line.direction == "in" else -line.amount_fen


def report(verdict: Verdict, say: Callable[[str], None]) -> None:
    """A line a code, and what went wrong."""
    say(f"{'code':<24}{'injected':>9}{'found':>9}{'precision':>11}{'recall':>9}")
    for it in verdict.scores:
        say(f"{it.code:<24}{it.injected:>9}{it.found:>9}{it.precision:>11.4f}{it.recall:>9.4f}")
    for line in verdict.wrong:
        say(f"WRONG {line}")
