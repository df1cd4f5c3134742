"""What a plan costs in cash: payments, outstanding commitments, and money at risk of decommitment.

    paid_t         =  sum over years u <= t of  payment_profile(t-u) x X_u       +  earlier commitments due in t
    outstanding_t  =  sum over years u <= t of  (X_u - what is paid of it by t)  +  earlier commitments due after t
    at risk_t      =  (1 - what is signed, or paid, in its own year and the next d) x X_(t-d)

X_u are the commitments of year u, decided money included. What is still outstanding at the end of a year is the RAL
(reste à liquider). By its `contracting`, what an instrument has not signed or paid d years after is decommitted (FR 2024/2509
Art. 114(2)-(3); Regulation (EU) 2021/947 Art. 30): contracts within three years of a financing agreement of n+1, legal
commitments by n+1, or payments by n+5. Without it nothing is said: no one clock is right for all. Years run on until the last
deadline. Payments follow their profile; what may be decommitted is shown, not taken off. All figures are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING

from fundalloc.facts.entities import Instrument
from fundalloc.plan.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

DEADLINES = {"agreement": 4, "direct": 1, "instalments": 5}
"""By `contracting`: a commitment of year n must be contracted, or paid, by the end of so many years after it."""


@dataclass(frozen=True, slots=True)
class Cash:
    """One instrument in one year, EUR million, exact."""

    instrument: str
    year: int
    committed: Fraction
    paid: Fraction
    outstanding: Fraction
    """At the end of the year: committed and not yet paid."""
    at_risk: Fraction | None
    """Not contracted, or not paid, by the end of the year, which is the last one for it; None where the scenario does not say."""
    contracting: str


COLUMNS = tuple(field.name for field in fields(Cash))


def payments(plan: Plan) -> list[Cash]:
    """Return payments by instrument and year, for every instrument with a payment profile; all of them end in the same year."""
    facts, lines = plan.scenario.facts, plan.scenario.lines
    steps = lines.by_year(plan.steps)
    profiled = [k for k, i in enumerate(facts.instruments) if i.payment_profile and i.counts != "memo"]
    last = max((_last_year(facts.instruments[k], facts.years) for k in profiled), default=facts.years[-1])
    rows: list[Cash] = []
    for k in profiled:
        rows += _of_instrument(facts.instruments[k], [int(s) * facts.step for s in steps[k]], range(facts.years[0], last + 1))
    return rows


def payments_table(plan: Plan) -> pd.DataFrame:
    """Return the same as a table, one row per instrument and year, EUR million: `COLUMNS`; at_risk is NaN where nobody says."""
    import pandas as pd

    table = pd.DataFrame([astuple(row) for row in payments(plan)], columns=list(COLUMNS))
    return table.astype({"year": int, **dict.fromkeys(COLUMNS[2:6], float)})


def payments_by_year(rows: Sequence[Cash]) -> list[Cash]:
    """Add up all instruments, year by year; the instrument is then empty."""
    out = []
    for year in sorted({row.year for row in rows}):
        here = [row for row in rows if row.year == year]
        risks = [row.at_risk for row in here if row.at_risk is not None]
        committed, paid, outstanding = (sum((getattr(r, name) for r in here), Fraction(0)) for name in ("committed", "paid", "outstanding"))
        out.append(Cash("", year, committed, paid, outstanding, sum(risks, Fraction(0)) if risks else None, ""))
    return out


def missed(instrument: Instrument) -> tuple[int, Fraction] | None:
    """Return after how many years a commitment has its deadline, and the part of it that misses it; None where nobody says."""
    profile = instrument.payment_profile if instrument.contracting == "instalments" else instrument.contracting_profile
    years = DEADLINES.get(instrument.contracting or "", 0)
    return (years, 1 - sum(profile[: years + 1], Fraction(0))) if years and profile else None


def _last_year(instrument: Instrument, years: tuple[int, ...]) -> int:
    """Return the year of the last payment or, if later, of the last deadline."""
    after, _ = missed(instrument) or (0, 0)
    return max(years[-1] + len(instrument.payment_profile) - 1, years[-1] + after, *instrument.outstanding)


def _of_instrument(instrument: Instrument, committed: Sequence[Fraction], years: range) -> list[Cash]:
    """Return one row per year; `committed` starts in the first of them."""
    profile, earlier = instrument.payment_profile, instrument.outstanding
    deadline, late = missed(instrument) or (0, None)
    left = sum(earlier.values(), Fraction(0))
    rows = []
    for year in years:
        lags = [(year - years[0] - u, amount) for u, amount in enumerate(committed)]
        new = sum((amount for lag, amount in lags if lag == 0), Fraction(0))
        paid = sum((amount * profile[lag] for lag, amount in lags if 0 <= lag < len(profile)), earlier.get(year, Fraction(0)))
        left += new - paid
        due = sum((amount for lag, amount in lags if lag == deadline), Fraction(0))
        rows.append(Cash(instrument.id, year, new, paid, left, None if late is None else late * due, instrument.contracting or ""))
    return rows
