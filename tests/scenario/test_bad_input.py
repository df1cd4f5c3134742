"""Every mistake gives exactly one clear message with its place, what was found, and what to do; never a traceback."""

from io import BytesIO
from zipfile import ZipFile

import openpyxl
import pytest

from conftest import FIXED_TEXT
from fundalloc.doors.reading import OUTSIDE
from fundalloc.errors import ScenarioError
from fundalloc.rules import kinds
from fundalloc.scenario.loading import load

pytestmark = pytest.mark.lowest

NEEDS = FIXED_TEXT[FIXED_TEXT.index("needs:") : FIXED_TEXT.index("decided:")]
KINDS = ", ".join(word for word in sorted(kinds()) if not kinds()[word].built_in)
NEED_HEADING = "partnership,area,need\n"


def said(messages):
    return [message.replace("\u00a0", " ") for message in messages]


# Each case: what stands in fixed.yaml, what stands there instead, and the one complaint without the file name.
UNKNOWN_WORDS = {
    "top level": ("author: Example", "autor: Example", "7:1: unknown key 'autor' (did you mean 'author'?)"),
    "section": ("allow:", "alow:", "81:1: unknown key 'alow' (did you mean 'allow'?)"),
    "area": ("short: Smuggling", "shrt: Smuggling", "14:49: unknown key 'shrt' (did you mean 'short'?)"),
    "instrument": ("reserve: 5 %", "reserv: 5 %", "23:5: unknown key 'reserv' (did you mean 'reserve'?)"),
    "ceiling": ("total: 55", "totl: 55", "22:43: unknown key 'totl' (did you mean 'total'?)"),
    "column of a row": ("need: 12.5", "need: 12.5, prio: 1", "68:60: unknown column 'prio' (did you mean 'priority'?)"),
    "clause": (
        "year: 2025, reason:",
        "jahr: 2025, reason:",
        "80:54: unknown key 'jahr' (expected one of: action, area, confidence, instrument, partnership, reason, source, year)",
    ),
    "rule": ("    unless:", "    unles:", "92:5: unknown key 'unles' (did you mean 'unless'?)"),
    "selection": ("money: {area:", "money: {aria:", "89:13: unknown key 'aria' (did you mean 'area'?)"),
    "base of a share": (
        "of: {instrument: ndici}",
        "of: {instrumnt: ndici}",
        "106:10: unknown key 'instrumnt' (did you mean 'instrument'?)",
    ),
    "step": (
        "years: 2025-2026",
        "years: 2025-2026\nsteps: [{shar: 50 %, value: 1}, {share: 50 %, value: 0.5}]",
        "10:10: unknown key 'shar' (did you mean 'share'?)",
    ),
    "output": ("author: Example", "output: {markng: x}", "7:10: unknown key 'markng' (did you mean 'marking'?)"),
    "table": (NEEDS, "needs: {fil: needs.csv}\n", "62:9: unknown key 'fil' of a table (did you mean 'file'?)"),
    "instrument of a pair": (
        "ndici, area: smuggling}",
        "ndicii, area: smuggling}",
        "49:18: unknown instrument 'ndicii' (did you mean 'ndici'?)",
    ),
    "area of a pair": ("ndici, area: smuggling}", "ndici, area: smugling}", "49:31: unknown area 'smugling' (did you mean 'smuggling'?)"),
    "partnership of a need": (
        "tunisia, area: returns",
        "tunesia, area: returns",
        "64:19: unknown partnership 'tunesia' (did you mean 'tunisia'?)",
    ),
    "grouping of a need": (
        "tunisia, area: returns",
        "north-africa, area: returns",
        "64:19: 'north-africa' is a grouping and holds no money or need itself"
        " (name a partnership within it; a regional programme is a partnership of its own)",
    ),
    "partner": ("[north-africa, sahel]", "[north-africa, sahl]", "24:30: unknown partnership 'sahl' (did you mean 'sahel'?)"),
    "tag in a mapping": (
        "unless: {partnership: global}",
        "unless: {partnership: {route: centrl-med}}",
        "92:27: unknown partnership tag 'route:centrl-med' (did you mean 'route:central-med'?)",
    ),
    "marker": ("marker: oda}\n    at_least", "marker: odaa}\n    at_least", "104:40: unknown marker 'odaa' (did you mean 'oda'?)"),
    "kind": ("kind: amount", "kind: amout", "96:11: unknown kind 'amout' (did you mean 'amount'?)"),
    "kind built in": ("kind: amount", "kind: ceiling", "96:11: kind 'ceiling' is built from the facts (it is never written under rules)"),
    "for_each": (
        "for_each: partnership\n    at",
        "for_each: partnerships\n    at",
        "98:15: cannot repeat for each 'partnerships' (did you mean 'partnership'?)",
    ),
    "placeholder": (
        '"{partnership}: signed',
        '"{partner}: signed',
        "97:11: {partner} is no placeholder of this rule (expected {at_least}, {at_most}, {exactly}, {limit}, {member}, {partnership})",
    ),
    "member": ("{tunisia: 12,", "{tunesia: 12,", "99:25: unknown member 'tunesia' (did you mean 'tunisia'?)"),
    "id repeated inside": (
        "name: Member States\n",
        "name: Member States\n    id: ms\n",
        "33:5: unknown key 'id' (the name above is the id)",
    ),
    "clause's only key": ("reason: Worldwide", "raeson: Worldwide", "82:91: unknown key 'raeson' (did you mean 'reason'?)"),
    "unless with a marker": (
        "unless: {partnership: global}",
        "unless: {marker: oda}",
        "92:14: unknown key 'marker' (expected one of: action, area, instrument, partnership, year)",
    ),
    "language": (
        "title: A made-up case, small enough to solve on paper",
        "title: {fi: x}",
        "5:8: unknown language 'fi' (expected one of: en, bg, fr, de)",
    ),
    "parent": (
        "level: bilateral, within: north-africa, iso3: TUN",
        "level: bilateral, within: north-afrika, iso3: TUN",
        "43:60: unknown partnership 'north-afrika' (did you mean 'north-africa'?)",
    ),
    "area of a rule": (
        "money: {area: legal-pathways}",
        "money: {area: legal-pathway}",
        "89:19: unknown area 'legal-pathway' (did you mean 'legal-pathways'?)",
    ),
    "tag": (
        "unless: {partnership: global}",
        'unless: {partnership: [global, "status:ful"]}',
        "92:36: unknown partnership tag 'status:ful' (did you mean 'status:full'?)",
    ),
    "state of decided money": ("state: locked", "state: loked", "75:90: 'loked' is not allowed here (did you mean 'locked'?)"),
}

AMOUNTS = {
    "comma quoted": ("need: 12.5", 'need: "12,5"', "68:54: '12,5' is not a number (write the decimal sign as a point: 12.5)"),
    "comma unquoted": (
        "need: 12.5",
        "need: 12,5",
        "68:57: '5' has no value (write a value; a text with a comma goes in quotes, a number takes a decimal point)",
    ),
    "negative need": ("need: 12.5", "need: -3", "68:54: an amount cannot be negative: -3 (write zero or more)"),
    "negative ceiling": ("{each: 10}", "{each: -10}", "29:21: an amount cannot be negative: -10 (write zero or more)"),
    "negative in a year": ("2026: 30}", "2026: -30}", "22:38: an amount cannot be negative: -30 (write zero or more)"),
    "negative figure": ("{tunisia: 12,", "{tunisia: -12,", "99:25: a limit cannot be negative: -12 (write zero or more)"),
    "negative share": ("reserve: 5 %", "reserve: -5 %", "23:14: a share cannot be negative: -5 % (write a share from 0 % to 100 %)"),
    "negative penalty": ("soft: 2", "soft: -2", "94:11: a limit cannot be negative: -2 (write zero or more)"),
    "not a number": ("need: 12.5", "need: .nan", "68:54: '.nan' is not a number (write an amount such as 12.5)"),
    "infinite": ("need: 12.5", "need: inf", "68:54: 'inf' is not a number (write an amount such as 12.5)"),
    "too large": ("{each: 10}", "{each: 1e30}", "29:21: 1e30 is too large (amounts are in EUR million)"),
    "too fine": ("need: 12.5", "need: 1e-30", "68:54: 1e-30 has more than 9 decimals (six decimals of EUR million are exact to the euro)"),
    "too long": ("need: 12.5", "need: " + "1" * 5000, f"68:54: '{'1' * 40}…' is too long for a number (write an amount such as 12.5)"),
    "percent for an amount": (
        "need: 12.5",
        "need: 12 %",
        "68:54: expected an amount in EUR million, found 12 % (write it without the percent sign)",
    ),
    "percent in an amount rule": (
        "{tunisia: 12, egypt: 6.5}",
        "10 %",
        "99:15: a rule of kind 'amount' takes EUR million, not 10 % (use kind share for a percentage)",
    ),
    "plus": ("need: 12.5", "need: +5", "68:54: '+5' is not a number (to add to an inherited amount write: inherited + 5)"),
    "nothing inherited": (
        "need: 12.5",
        "need: inherited + 5",
        "68:54: 'inherited + 5' is not a number"
        " (write inherited + 800 or inherited - 10 %, over an amount in the file that this one extends)",
    ),
    "text for a ceiling": ("{each: 10}", "lots", "29:14: 'lots' is not a number (expected a number such as 12.5 or a share such as 15 %)"),
    "years under ceiling": (
        "{each: 10}",
        "{2025: 10, 2026: 10}",
        "29:14: years stand directly under 'ceiling' (write {each: {2024: 20, ...}})",
    ),
    "effectiveness zero": (
        "area: returns, effectiveness: 0.8",
        "area: returns, effectiveness: 0",
        "50:55: an effectiveness of zero (leave the row out: the pair is then not eligible)",
    ),
    "reserve above 100 %": (
        "reserve: 5 %",
        "reserve: 105 %",
        "23:14: a share cannot be above 100 %: 105 % (write a share from 0 % to 100 %)",
    ),
    "reserve without %": ("reserve: 5 %", "reserve: 5", "23:14: a share cannot be above 100 %: 5 (write 5 %)"),
    "share above 100 %": (
        "at_least: 70 %",
        "at_least: 170 %",
        "105:15: a share above 100 %: 170 % (a part cannot exceed the whole: write 100 % or less)",
    ),
    "share without %": ("at_least: 70 %", "at_least: 70", "105:15: 70 without a percent sign would be 7000 % (write 70 %)"),
    "step above 100 %": (
        "years: 2025-2026",
        "years: 2025-2026\nsteps: [{share: 150 %, value: 1}]",
        "10:17: a share cannot be above 100 %: 150 % (write a share from 0 % to 100 %)",
    ),
    "steps above 100 %": (
        "years: 2025-2026",
        "years: 2025-2026\nsteps: [{share: 50 %, value: 1}, {share: 60 %, value: 0.5}]",
        "10:8: the shares of the steps add up to 110 % (let them add up to 100 %)",
    ),
    "steps that do not fall": (
        "short: Legal}",
        "short: Legal, steps: [{share: 50 %, value: 1}, {share: 50 %, value: 1}]}",
        "16:73: the values of the steps do not fall (each step must be worth less than the one before)",
    ),
    "coefficient above 1": (
        "coefficient: 0.6",
        "coefficient: 1.6",
        "57:49: a coefficient cannot be above 1: 1.6 (it says how much of a euro counts)",
    ),
    "no multiple of the step": (
        "amount: 3.5",
        "amount: 3.55",
        "74:84: decided amount 3.55 is not a whole multiple of round_to 0.1 (write a smaller round_to, such as 0.001)",
    ),
    "step of zero": (
        "round_to: 0.1",
        "round_to: 0",
        "10:11: the rounding step must be at least one euro (0.000001) (write 0.1 for EUR 100 000)",
    ),
    "decided above its ceiling": (
        "amount: 2, state",
        "amount: 12, state",
        "75:80: decided money of 'amif' in 2025 is EUR 12.0 million, above its ceiling of EUR 10.0 million"
        " (the ceiling stands at scenario.yaml:29:14)",
    ),
    "decided above ceiling less reserve": (
        "reserve: 5 %",
        "reserve: 90 %",
        "74:84: decided money of 'ndici' in 2025 is EUR 3.5 million, above its ceiling less its reserve of EUR 3.0 million"
        " (the ceiling stands at scenario.yaml:22:14)",
    ),
    "decided above absorption": (
        "amount: 3.5",
        "amount: 14.5",
        "74:84: decided money for 'tunisia' in 2025 is EUR 14.5 million, above its absorption of EUR 14.0 million"
        " (raise the absorption of that year, or correct the decision)",
    ),
    "relative without %": ("at_least: 10 %", "at_least: 10", "90:15: 10 without a percent sign would be 1000 % (write 10 %)"),
    "relative of a member without %": (
        "at_least: 10 %",
        "at_least: {egypt: 10}",
        "90:23: 10 without a percent sign would be 1000 % (write 10 %)",
    ),
    "no ceiling": ("    ceiling: {each: 10}\n", "", "26:3: 'amif' has no ceiling (write ceiling: {each: …, total: …})"),
    "no ceiling in one year": (
        "{each: 10}",
        "{each: {2025: 10}}",
        "26:3: 'amif' has no ceiling in 2026 (write ceiling: {each: …, total: …})",
    ),
}

ADDED_RULES = {
    "sequence": ("sequence, money: {area: returns}, after: {area: smuggling}, at_most: 80", "at_most", "80"),
    "change": ("change, at_most: 130", "at_most", "130"),
    "balance": ("balance, for_each: area, at_least: {returns: 60}", "returns", "60"),
    "deviation from above": ("deviation, at_most: 90", "at_most", "90"),
    "deviation on both sides": ("deviation, within: 20", "within", "20"),
}

YEARS = {
    "decided": ("area: returns, year: 2025, amount", "area: returns, year: 2031, amount", "75:66: the year '2031' is outside the period"),
    "ceiling": ("2025: 30, 2026: 30", "2025: 30, 2026: 30, 2036: 30", "22:42: the year 2036 is outside the period"),
    "clause": ("year: 2025, reason", "year: 2035, reason", "80:60: the year 2035 is outside the period"),
    "rule": ("money: {instrument: ndici,", "money: {instrument: ndici, year: 2026-2027,", "104:38: the year 2027 is outside the period"),
    "closed": ("years: 2025-2026", "years: 2025-2026\nclosed: 2024", "10:9: the closed year 2024 is outside the period"),
    "instrument": ("{each: 10}", "{each: 10}\n    years: 2024-2025", "30:12: the year 2024 is outside the period"),
    "transfer": (
        "exclude:\n",
        "transfers: {t: {from: ndici, to: amif, at_most: 5 %, years: 2026-2027, source: assumption}}\nexclude:\n",
        "79:61: the year 2027 is outside the period",
    ),
    "partnership": ("absorption: 14", "absorption: 14, years: 2026-2027", "43:108: the year 2027 is outside the period"),
    "absorption": ("absorption: 14", "absorption: 14, absorption.2027: 3", "43:118: the year 2027 is outside the period"),
}

FORM = {
    "section of the wrong form": (
        "illustrative: true",
        "illustrative: true\nadjust: none",
        "12:9: 'adjust' must be names with entries (such as name: {…})",
    ),
    "list for a section": (
        "author: Example",
        "author: Example\nadjust: [a]",
        "8:9: 'adjust' must be names with entries (such as name: {…})",
    ),
    "entry of the wrong form": (
        "  guarantee:\n    name: Guarantees\n    source: assumption\n    counts: memo\n",
        "  guarantee: memo\n",
        "36:14: 'guarantee' must be keys with values (such as {…})",
    ),
    "id of the wrong form": (
        "  returns: {name",
        "  lost area: {name: Lost}\n  returns: {name",
        "15:14: 'lost area' cannot be an id (use letters, digits, - _ and . (at most 60, no spaces))",
    ),
    "id that means everything": (
        "  returns: {name",
        "  all: {name: All}\n  returns: {name",
        "15:8: 'all' cannot be an id: it means everything (choose another id)",
    ),
    "no level": ("level: global, ", "", "46:5: 'global' has no level (write one of: bilateral, regional, global)"),
    "empty entry": (
        "[north-africa, sahel]",
        "[north-africa, ~, sahel]",
        "24:30: an empty entry in a list (write a value, or take the comma away)",
    ),
    "kind that is a list": ("kind: amount", "kind: [amount]", "96:11: expected the word of one kind (such as kind: amount)"),
    "kind that is a mapping": ("kind: amount", "kind: {a: b}", "96:11: expected the word of one kind (such as kind: amount)"),
    "for each mapping": (
        '"{partnership}: signed package"\n    for_each: partnership',
        '"{partnership}: signed package"\n    for_each: [{a: b}]',
        "98:15: expected names of dimensions or tag groups (such as for_each: partnership, or [partnership, year])",
    ),
    "for each list of lists": (
        '"{partnership}: signed package"\n    for_each: partnership',
        '"{partnership}: signed package"\n    for_each: [[partnership]]',
        "98:15: expected names of dimensions or tag groups (such as for_each: partnership, or [partnership, year])",
    ),
    "two versions": (
        "author: Example\n",
        "<<<<<<< HEAD\nauthor: Example\n=======\nauthor: Other\n>>>>>>> other\n",
        "7:1: two versions that git could not merge (keep one of the two versions, and delete the lines <<<<<<<, ======= and >>>>>>>)",
    ),
    "text that no cell holds": (
        "author: Example",
        f"author: {'é' * 32_768}",
        "7:9: a text of 32768 characters; a cell of a workbook holds 32767 (shorten it, and name the file that says the rest)",
    ),
    "letters of two units that no cell holds": (
        "author: Example",
        f"author: {chr(0x1F600) * 16_384}",
        "7:9: a text of 32768 characters; a cell of a workbook holds 32767 (shorten it, and name the file that says the rest)",
    ),
    "control character after letters of several bytes": (
        "author: Example",
        "author: Éxà\x01mple",
        "7:12: an invisible control character (#x0001) (delete it)",
    ),
    "duplicate key": (
        "author: Example",
        "author: Example\nauthor: Other",
        "8:1: 'author' stands twice; first in line 7 (keep one of the two)",
    ),
    "duplicate rule": (
        "  oda:\n",
        "  packages: {off: true}\n  oda:\n",
        "101:3: 'packages' stands twice; first in line 95 (keep one of the two)",
    ),
    "year twice": ("2025: 30, 2026: 30", "2025-2026: 30, 2026: 30", "22:37: the year 2026 stands twice (let the ranges not overlap)"),
    "range backwards as a key": (
        "2025: 30, 2026: 30",
        "2026-2025: 30",
        "22:22: '2026-2025' is not a range of years (write 2024-2027, the earlier year first)",
    ),
    "duplicate id": (
        "  - {id: global,",
        "  - {id: sahel, name: Again, level: regional}\n  - {id: global,",
        "46:10: 'sahel' stands twice; first at scenario.yaml:45:10 (keep one of the two)",
    ),
    "duplicate need": (
        "area: returns, need: 10}",
        "area: smuggling, need: 10}",
        "64:19: 'tunisia | smuggling' stands twice; first at scenario.yaml:63:19 (keep one of the two)",
    ),
    "NO for Norway": (
        "iso3: TUN",
        "iso3: NO",
        "43:80: 'NO' is not an ISO 3166 three-letter code (write three capital letters, such as NOR for Norway)",
    ),
    "tab": ("  amif:", "\tamif:", "26:1: a tab in the indentation (indent with spaces)"),
    "unquoted comma": (
        "name: Return and reintegration,",
        "name: Return, reintegration,",
        "15:27: 'reintegration' has no value (write a value; a text with a comma goes in quotes, a number takes a decimal point)",
    ),
    "null": (
        "author: Example",
        "author: null",
        "7:1: 'author' has no value (write a value; a text with a comma goes in quotes, a number takes a decimal point)",
    ),
    "unquoted colon": (
        "author: Example",
        "author: Example: b",
        "7:16: not YAML: mapping values are not allowed in this context"
        " (check colons, brackets, quotes and indentation; quote texts with , : # or %)",
    ),
    "anchor": (
        "ceiling: {each: 10}",
        "ceiling: &c {each: 10}",
        "29:14: an anchor (&c) is not allowed (repeat the value, or use `extends`)",
    ),
    "alias": ("ceiling: {each: 10}", "ceiling: *c", "29:14: a reference (*c) is not allowed (repeat the value, or use `extends`)"),
    "merge key": ("  amif:\n", "  amif:\n    <<: {source: x}\n", "27:5: a merge key (<<) is not allowed (use `extends`)"),
    "tag": ("author: Example", "author: !!str Example", "7:9: a tag (!!str) is not allowed (leave it out; values are read as written)"),
    "python tag": (
        "author: Example",
        "author: !!python/object/apply:os.system [ls]",
        "7:9: a tag (!!python/object/apply:os.system) is not allowed (leave it out; values are read as written)",
    ),
    "control character": ("author: Example", "author: Ex\x01ample", "7:11: an invisible control character (#x0001) (delete it)"),
    "key that is no word": ("author: Example", "? {a: b}\n: c", "7:3: a key must be a word (put {…} and […] after the colon)"),
    "two documents": ("areas:\n", "---\nareas:\n", "13:1: a second document in one file (keep one scenario per file)"),
    "off without reason": (
        "    counts: memo",
        "    counts: memo\n    off: true",
        "36:3: 'guarantee' is switched off without a reason (add reason: …)",
    ),
    "rule off without reason": (
        "    kind: amount",
        "    kind: amount\n    off: true",
        "95:3: 'packages' is switched off without a reason (add reason: …)",
    ),
    "off that is neither": ("    counts: memo", "    counts: memo\n    off: yes", "40:10: 'off' must be true or false (write off: true)"),
    "flag that is neither": (
        "illustrative: true",
        "illustrative: True",
        "11:15: expected true or false, found 'True' (write true or false, in small letters and without quotes)",
    ),
    "row of the wrong form": (
        "  - {instrument: ndici, area: smuggling}",
        "  - ndici",
        "49:5: a row must be keys with values (such as {partnership: egypt, area: returns, need: 10})",
    ),
    "cell of the wrong form": ("need: 12.5", "need: [12.5]", "68:54: 'need' must be a single value (write a text or a number)"),
    "selection of the wrong form": ("money: {area: legal-pathways}", "money: legal", "89:12: expected keys with values (such as {…})"),
    "text of the wrong form": (
        "author: Example",
        "author: {a: b}",
        "7:9: expected a text (put true and false in quotes when they are words)",
    ),
    "true for a text": ("author: Example", "author: true", "7:9: expected a text (put true and false in quotes when they are words)"),
    "list of the wrong form": ("author: Example", "objective: impact", "7:12: expected a list (write it in brackets: […])"),
    "choice": ("counts: memo", "counts: memos", "39:13: 'memos' is not allowed here (expected 'budget', 'partner' or 'memo')"),
    "tag of the wrong form": (
        "tags: [family:home]",
        "tags: [home]",
        "30:12: 'home' is not a tag (write group:value, such as route:central-med)",
    ),
    "date": ("as_of: 2024-11-25", "as_of: 23.11.2026", "8:8: '23.11.2026' is not a date (write year-month-day, such as 2026-11-23)"),
    "gap in years": ("years: 2025-2026", "years: [2024, 2026]", "9:8: the years have gaps (write one range, such as 2021-2027)"),
    "years backwards": (
        "years: 2025-2026",
        "years: 2026-2025",
        "9:8: '2026-2025' is not a year or a range of years (write 2024 or 2024-2027)",
    ),
    "no years": ("years: 2025-2026\n", "", "3:1: 'years' is missing (add it)"),
    "no reason": (", reason: Worldwide information campaign", "", "82:21: 'reason' is missing (add it)"),
    "no kind": ("    kind: amount\n", "", f"95:3: 'kind' is missing (expected one of: {KINDS})"),
    "no limit": ("    at_least: {tunisia: 12, egypt: 6.5}\n", "", "96:5: no limit (write at_least, at_most or exactly)"),
    "two limits": (
        "    at_least: 70 %\n",
        "    at_least: 70 %\n    exactly: 70 %\n",
        "102:5: 'exactly' beside 'at_least' or 'at_most' (keep one of them)",
    ),
    "soft and watched": (
        "    soft: 2\n",
        "    soft: 2\n    watch: true\n",
        "86:5: 'soft' beside 'watch' (a watched rule is never enforced: drop one of them)",
    ),
    "figures without for_each": (
        '"{partnership}: signed package"\n    for_each: partnership\n',
        "Signed packages\n",
        "96:5: 'at least' has figures per member, but the rule has no for_each (add for_each, or write one figure)",
    ),
    "clause for everything": (
        "{partnership: sahel, area: returns, year: 2025, reason:",
        "{reason:",
        "80:18: names no instrument, partnership, area or year (an entry for everything would empty or open the whole table)",
    ),
    "empty selection list": (
        "unless: {partnership: global}",
        "unless: {partnership: []}",
        "92:27: the list is empty: it would select nothing (leave the key out to select everything)",
    ),
    "rule that no line meets": (
        "money: {area: legal-pathways}",
        "money: {instrument: member-states, partnership: sahel}",
        "89:12: no allocation line can ever count towards this rule"
        " (check the selection against the eligibility table, or switch the rule off)",
    ),
    "rule with a built-in name": (
        "  packages:\n",
        "  ceiling:\n",
        "95:3: 'ceiling' cannot be the id of a rule (the word names a built-in rule: choose another)",
    ),
    "partnership inside itself": (
        "within: north-africa, iso3: TUN",
        "within: tunisia, iso3: TUN",
        "43:60: 'tunisia' lies within itself (a partnership cannot contain what contains it)",
    ),
    "of the same money": (
        "    of: {instrument: ndici}",
        "    of: {instrument: ndici, marker: oda}",
        "106:9: 'of' is the same money (a share of itself is always 100 %: widen 'of')",
    ),
    "ceiling beside others": (
        "    of: {instrument: ndici}",
        "    of: {instrument: ndici, ceiling: {}}",
        "106:9: 'ceiling' stands alone under 'of' (put the selection inside: {ceiling: {instrument: ...}})",
    ),
    "amount beside others": (
        "    of: {instrument: ndici}",
        "    of: {instrument: ndici, amount: 5}",
        "106:9: 'amount' stands alone under 'of' (take a share of an amount or of a selection, not of both)",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), UNKNOWN_WORDS.values(), ids=UNKNOWN_WORDS)
def test_unknown_words(variant, complaints, old, new, message):
    assert said(complaints(variant((old, new)))) == [f"scenario.yaml:{message}"]


@pytest.mark.parametrize(("old", "new", "message"), AMOUNTS.values(), ids=AMOUNTS)
def test_amounts(variant, complaints, old, new, message):
    assert said(complaints(variant((old, new)))) == [f"scenario.yaml:{message}"]


@pytest.mark.parametrize(("rule", "key", "figure"), ADDED_RULES.values(), ids=ADDED_RULES)
def test_a_forgotten_percent_sign_is_not_a_hundredfold(variant, complaints, rule, key, figure):
    line = f"  r: {{says: A rule, source: assumption, kind: {rule}}}"
    column = line.index(f" {figure}}}") + 2
    expected = f"scenario.yaml:85:{column}: {figure} without a percent sign would be {figure}00 % (write {figure} %)"
    assert said(complaints(variant(("rules:\n", f"rules:\n{line}\n")))) == [expected]


@pytest.mark.parametrize(("old", "new", "message"), YEARS.values(), ids=YEARS)
def test_years_outside_the_period(variant, complaints, old, new, message):
    assert complaints(variant((old, new))) == [f"scenario.yaml:{message} (the years are 2025 to 2026)"]


@pytest.mark.parametrize(("old", "new", "message"), FORM.values(), ids=FORM)
def test_form(variant, complaints, old, new, message):
    assert said(complaints(variant((old, new)))) == [f"scenario.yaml:{message}"]


def open_document() -> bytes:
    """What LibreOffice writes: the type first, not packed."""
    memory = BytesIO()
    with ZipFile(memory, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("content.xml", bytes(range(256)))
    return memory.getvalue()


OPEN_DOCUMENT = open_document()
NEEDS_COLUMNS = (
    "expected columns: partnership, area, need, priority, indicator, parameter, factor, adjustment, terms, reason, source, confidence)"
)
NEEDS_FILES = {
    "no column": (
        "partnership,area,priority\ntunisia,returns,1\n",
        f"1:1: the column 'need' is missing ({NEEDS_COLUMNS}",
    ),
    "misspelt column": ("partnership,area,neeed\ntunisia,returns,1\n", "1:18: unknown column 'neeed' (did you mean 'need'?)"),
    "unknown column": (
        "partnership,area,need,prioritie\ntunisia,returns,1,2\n",
        "1:23: unknown column 'prioritie' (did you mean 'priority'?)",
    ),
    "column per year": (
        "partnership,area,need.2025,need\ntunisia,returns,1,2\n",
        "1:18: unknown column 'need.2025' (did you mean 'need'?)",
    ),
    "column without name": ("partnership,area,need,\ntunisia,returns,1,\n", "1:23: a column without a name (name it, or delete it)"),
    "column twice": ("partnership,area,need,need\ntunisia,returns,1,2\n", "1:23: the column 'need' stands twice (rename one of them)"),
    "row too long": (
        NEED_HEADING + "tunisia,returns,12,5\n",
        "2:1: 4 cells, but the heading has 3 (put texts that contain the separator in double quotes)",
    ),
    "row too short": (
        NEED_HEADING + "tunisia,returns,1\nsahel\n",
        "3:1: 1 cell, but the heading has 3 (put texts that contain the separator in double quotes)",
    ),
    "open quote": (
        NEED_HEADING + '"tunisia,returns,1\n',
        "2:1: 1 cell, but the heading has 3 (put texts that contain the separator in double quotes)",
    ),
    "empty cell": (
        NEED_HEADING + "tunisia,returns,\n",
        "2:17: 'need' is missing (fill it in)",
    ),
    "empty id": (
        NEED_HEADING + ",returns,5\n",
        "2:1: 'partnership' is missing (fill it in)",
    ),
    "nothing": ("\n", ": the file is empty (a scenario starts with `fundalloc new`, a table with the names of its columns)"),
    "only separators": (",,\n,,\n", ": the table is empty (the first row names the columns)"),
    "comma in a comma file": (
        NEED_HEADING + 'tunisia,returns,"1,5"\n',
        "2:17: '1,5' is not a number (write the decimal sign as a point: 1.5)",
    ),
    "commas and points": (
        "partnership;area;need\ntunisia;returns;1,5\nsahel;returns;1,5\negypt;returns;2.5\n",
        "4:15: '2.5' has a decimal point where a decimal comma is expected (use one of them throughout)",
    ),
    "thousands or decimals": (
        "partnership;area;need\ntunisia;returns;1,200\negypt;returns;2.050\n",
        "2:17: thousands or decimals in 'need'? 1,200, 2.050 "
        "(say it beside `file`: decimal: ',' makes it 1.200, decimal: '.' makes it 1200)",
    ),
    "second line of a cell": (
        'partnership,area,need,source\ntunisia,returns,1,"a\nb"\nsahel,returns,-1,x\n',
        "4:15: an amount cannot be negative: -1 (write zero or more)",
    ),
    "NUL": (
        NEED_HEADING + "tunisia,returns,1\x00\n",
        "2:18: an invisible control character (#x0000) (delete it)",
    ),
    "not UTF-8": (
        (NEED_HEADING + "tunisie,r\u00e9tours,1\n").encode("latin-1"),
        "2:10: the file is not UTF-8 (save it as UTF-8; from Excel: CSV UTF-8; a table may say its own with encoding: cp1252)",
    ),
    "not UTF-8, after letters of several bytes": (
        (NEED_HEADING + "tunisie,r\u00e9tours").encode() + b"\xe9,1\n",
        "2:16: the file is not UTF-8 (save it as UTF-8; from Excel: CSV UTF-8; a table may say its own with encoding: cp1252)",
    ),
    "control character after ends of lines of an old Mac": (
        NEED_HEADING.replace("\n", "\r") + "tunis\u00ed\x02,returns,1\r",
        "2:7: an invisible control character (#x0002) (delete it)",
    ),
    "two versions": (
        f"{NEED_HEADING}<<<<<<< HEAD\ntunisia,returns,1\n=======\ntunisia,returns,2\n>>>>>>> other\n",
        "2:1: two versions that git could not merge (keep one of the two versions, and delete the lines <<<<<<<, ======= and >>>>>>>)",
    ),
    "tabs": (
        "partnership\tarea\tneed\ntunisia\treturns\t1,5\n",
        "1:1: tabs between the columns (say it beside `file`: separator: tab, or save it as CSV, with commas or semicolons)",
    ),
    "a text that no cell holds": (
        f"partnership,area,need,source\ntunisia,returns,1,{'x' * 32_768}\n",
        "2:19: a text of 32768 characters; a cell of a workbook holds 32767 (shorten it, and name the file that says the rest)",
    ),
    "an old workbook": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        ": an old .xls file, or one with a password (save it as .xlsx without a password)",
    ),
    "an OpenDocument file": (OPEN_DOCUMENT, ": an OpenDocument file (.ods) (save it as .xlsx)"),
    "a cell without end": (
        NEED_HEADING + "tunisia,returns," + "1" * 200_000 + "\n",
        "2:1: not CSV: field larger than field limit (131072) (check the quotes)",
    ),
}


@pytest.mark.parametrize(("content", "message"), NEEDS_FILES.values(), ids=NEEDS_FILES)
def test_tables(variant, write, complaints, content, message):
    write("needs.csv", content)
    colon = "" if message.startswith(":") else ":"
    assert complaints(variant((NEEDS, "needs: {file: needs.csv}\n"))) == [f"needs.csv{colon}{message}"]


def test_worksheet_cells_are_named(variant, worksheet, complaints):
    path = variant((NEEDS, "needs: {file: needs.xlsx#Needs}\n"))
    worksheet("needs.xlsx", "Needs", [["partnership", "area", "need"], [], ["tunisia", "returns", -4], ["tunesia", "returns", 3]])
    assert complaints(path) == [
        "needs.xlsx:Needs!C3: an amount cannot be negative: -4 (write zero or more)",
        "needs.xlsx:Needs!A4: unknown partnership 'tunesia' (did you mean 'tunisia'?)",
    ]
    worksheet("needs.xlsx", "Needs", [["partnership", "area"], ["tunisia", "returns"]])
    assert complaints(path) == [f"needs.xlsx:Needs!A1: the column 'need' is missing ({NEEDS_COLUMNS}"]
    worksheet("needs.xlsx", "Needs", [["partnership", "area", "need"], ["tunisia", "returns", "=1+1"]])  # never calculated
    unsaved = "a formula without a stored value: =1+1 (open it in a spreadsheet program and save it)"
    assert complaints(path) == [f"needs.xlsx:Needs!C2: {unsaved}"]
    worksheet("needs.xlsx", "Needs", [])
    assert complaints(path) == ["needs.xlsx:Needs!A1: the table is empty (the first row names the columns)"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("nedds.csv", "no such file: nedds.csv (did you mean 'needs.csv'?)"),
        ("../needs.csv", f"'../needs.csv' lies outside the project ({OUTSIDE})"),
        ("/etc/hostname", f"'/etc/hostname' lies outside the project ({OUTSIDE})"),
        ("needs.xlsx#Neds", "no sheet 'Neds' in needs.xlsx (did you mean 'Needs'?)"),
        ("needs.xlsx", "no sheet named (name the sheet: needs.xlsx#Needs)"),
        (
            "broken.xlsx#Needs",
            "'broken.xlsx': not a workbook, or damaged: the file is no whole zip archive "
            "(ask for the file again, or open it in Excel and save it anew)",
        ),
        ("folder", "'folder' is a folder, not a file (name the file inside it)"),
    ],
)
def test_files_of_tables(variant, write, worksheet, complaints, tmp_path, file, message):
    write("needs.csv", NEED_HEADING)
    write("broken.xlsx", "no zip")
    (tmp_path / "folder").mkdir()
    book = worksheet("needs.xlsx", "Needs", [["partnership", "area", "need"]])
    workbook = openpyxl.load_workbook(book)
    workbook.create_sheet("Empty")
    workbook.save(book)
    assert complaints(variant((NEEDS, f"needs: {{file: '{file}'}}\n"))) == [f"scenario.yaml:62:15: {message}"]


WHOLE_FILES = {
    "empty": (b"", ": the file is empty (a scenario starts with `fundalloc new`, a table with the names of its columns)"),
    "only a comment": (b"# soon\n", ":1:1: expected keys with values at the top level (such as scenario: my-plan)"),
    "a list": (b"- a\n- b\n", ":1:1: expected keys with values at the top level (such as scenario: my-plan)"),
    "not UTF-8": (
        "scenario: x\nauthor: Jos\u00e9\n".encode("latin-1"),
        ":2:12: the file is not UTF-8 (save it as UTF-8; from Excel: CSV UTF-8)",
    ),
    "UTF-16": ("scenario: x\n".encode("utf-16"), ":1:1: the file is not UTF-8 (save it as UTF-8; from Excel: CSV UTF-8)"),
    "ten megabytes": (b"# " + b"x" * 10_000_000, ": the file has 10.0 MB; the limit is 2 MB (put long tables into CSV files)"),
    "too deep": (b"a: " + b"[" * 900 + b"]" * 900, ":1:23: nested deeper than 20 levels (simplify the file)"),
}


@pytest.mark.parametrize(("content", "message"), WHOLE_FILES.values(), ids=WHOLE_FILES)
def test_whole_files(write, complaints, content, message):
    path = write("scenario.yaml", content)
    assert complaints(path) == [f"scenario.yaml{message}"]


def test_a_folder_or_nothing_instead_of_a_scenario(write, complaints, tmp_path):
    write("baseline.yaml", FIXED_TEXT)
    assert complaints(tmp_path) == [".: this is a folder, not a file (name the file inside it)"]
    assert complaints(tmp_path / "baselin.yaml") == ["baselin.yaml: no such file (did you mean 'baseline.yaml'?)"]


def test_what_is_missing_at_the_top(write, complaints):
    assert complaints(write("scenario.yaml", "author: me\n")) == [
        "scenario.yaml:1:1: 'areas' is missing (write it here, or extend a scenario that has it)",
        "scenario.yaml:1:1: 'instruments' is missing (write it here, or extend a scenario that has it)",
        "scenario.yaml:1:1: 'partnerships' is missing (write it here, or extend a scenario that has it)",
        "scenario.yaml:1:1: 'needs' is missing (write it here, or extend a scenario that has it)",
        "scenario.yaml:1:1: 'eligibility' is missing (write it here, or extend a scenario that has it)",
        "scenario.yaml:1:1: 'fundalloc' is missing (add it)",
        "scenario.yaml:1:1: 'scenario' is missing (add it)",
        "scenario.yaml:1:1: 'title' is missing (add it)",
        "scenario.yaml:1:1: 'as_of' is missing (add it)",
        "scenario.yaml:1:1: 'years' is missing (add it)",
    ]


def test_a_circle_of_partnerships_is_named(variant, complaints):
    path = variant(
        ("{id: north-africa, name: North Africa}", "{id: north-africa, name: North Africa, within: sahel}"),
        ("level: regional, absorption", "level: regional, within: tunisia, absorption"),
    )
    assert complaints(path) == [
        "scenario.yaml:42:52: 'north-africa' lies within itself: north-africa → sahel → tunisia → north-africa"
        " (a partnership cannot contain what contains it)"
    ]


def test_decided_money_above_the_total_ceiling_points_at_the_last_decision(variant, complaints):
    path = variant(
        ("ceiling: {each: 10}", "ceiling: 3"),
        (
            "  - {instrument: member-states, partnership: egypt",
            "  - {instrument: amif, partnership: global, area: returns, year: 2026, amount: 1.5, state: locked, decision: Third}\n"
            "  - {instrument: member-states, partnership: egypt",
        ),
    )
    assert complaints(path) == [
        "scenario.yaml:76:80: decided money of 'amif' in the whole period is EUR 3.5 million, above its ceiling of EUR 3.0 million"
        " (the ceiling stands at scenario.yaml:29:14)"
    ]


def test_a_transfer_whose_years_are_closed(variant, complaints):
    # Unless decided money of these years may have come through it, nothing can move any more.
    spare = "  spare: {name: Spare, source: assumption, ceiling: 5}\n  guarantee:\n"
    transfer = "transfers: {t: {from: ndici, to: spare, at_most: 5 %, years: 2025, source: assumption}}\n"
    path = variant(("  guarantee:\n", spare), ("exclude:\n", f"closed: 2025\n{transfer}exclude:\n"))
    assert said(complaints(path)) == [
        "scenario.yaml:81:62: every year of this transfer is closed, and no decided money of 'spare' needs it"
        " (name open years, or write off: true with a reason)"
    ]
    load(variant(("exclude:\n", f"closed: 2025\n{transfer.replace('spare', 'amif')}exclude:\n")))


def test_extends_that_leads_nowhere(write, complaints):
    write("baseline.yaml", FIXED_TEXT)
    outside = f"lies outside the project ({OUTSIDE})"
    for name, message in {
        "baselin.yaml": "1:10: no such file: baselin.yaml (did you mean 'baseline.yaml'?)",
        "elsewhere/baseline.yaml": "1:10: no such file: elsewhere/baseline.yaml (the name is relative to this file)",
        "../baseline.yaml": f"1:10: '../baseline.yaml' {outside}",
        "[]": "1:10: an empty list (name a scenario file, or take `extends` out)",
        "{a: b}": "1:10: expected the name of a scenario file (such as extends: baseline.yaml)",
        "[baseline.yaml, 3.yaml]": "1:26: no such file: 3.yaml (did you mean 's.yaml'?)",
    }.items():
        assert complaints(write("s.yaml", f"extends: {name}\nscenario: s\n")) == [f"s.yaml:{message}"], name


def test_circles_of_extends_are_named(write, complaints):
    write("b.yaml", "extends: c.yaml\n")
    write("c.yaml", "scenario: c\nextends: [a.yaml]\n")
    assert complaints(write("a.yaml", "extends: b.yaml\n")) == [
        "c.yaml:2:11: a circle of `extends`: a.yaml → b.yaml → c.yaml → a.yaml (take one of them out)"
    ]
    assert complaints(write("a.yaml", "extends: a.yaml\n")) == [
        "a.yaml:1:10: a circle of `extends`: a.yaml → a.yaml (take one of them out)"
    ]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("nothing", "--set: 'nothing' is not KEY=VALUE (such as --set rules.legal-floor.at_least=20%)"),
        ("=3", "--set: '=3' is not KEY=VALUE (such as --set rules.legal-floor.at_least=20%)"),
        (
            "author=",
            "--set author: 'author' has no value (write a value; a text with a comma goes in quotes, a number takes a decimal point)",
        ),
        ("autor=x", "--set autor: unknown key 'autor' (did you mean 'author'?)"),
        ("rules.legal-floor.at_least=-5", "--set rules.legal-floor.at_least: a limit cannot be negative: -5 (write zero or more)"),
        (
            "rules.legal-flor.at_least=5 %",
            f"--set rules.legal-flor.at_least: 'kind' is missing (expected one of: {KINDS})",
        ),
        (
            "title=inherited + 3",
            "--set title: the inherited value is no amount: 'A made-up case, small enough to solve on…' is not a number"
            " (write the amount itself)",
        ),
        ("author=[", None),
    ],
)
def test_settings(tmp_path, complaints, variant, setting, message):
    found = complaints(variant(), settings=[setting])
    if message is None:
        (only,) = found
        assert only.startswith("--set author: not YAML")
    else:
        assert found == [message]


ADJUSTMENTS = {
    "unknown key": ("{ceilling: 5}", "86:8: unknown key 'ceilling' (did you mean 'ceiling'?)"),
    "nothing": ("{instrument: ndici}", "86:7: adjusts nothing (write one of: ceiling, reserve, absorption, need, priority)"),
    "no keys": ("ndici", '86:7: an adjustment must be keys with values (such as {instrument: "family:ndici", ceiling: inherited - 10 %})'),
    "wrong form": ("{instrument: ndici, ceiling: {total: 5}}", "86:36: 'ceiling' must be a single value (such as inherited - 10 %)"),
    "unknown instrument": ("{instrument: ndic, ceiling: 5}", "86:20: unknown instrument 'ndic' (did you mean 'ndici'?)"),
    "no ceiling": (
        "{instrument: member-states, ceiling: inherited - 10 %}",
        "86:44: 'member-states' has no ceiling to adjust (narrow the selection)",
    ),
    "new in some years": (
        "{instrument: ndici, year: 2026, ceiling: 5}",
        "86:48: a new ceiling for some years only (write inherited ± an amount, or change the instrument itself)",
    ),
    "year of a need": (
        "{area: returns, year: 2026, need: inherited - 10 %}",
        "86:23: 'year' does not pick a need (a need is picked by partnership and area or action only)",
    ),
    "no number": (
        "{area: returns, need: inherited + ten}",
        "86:29: 'ten' is not a number (expected a number such as 12.5 or a share such as 15 %)",
    ),
    "negative": ("{partnership: sahel, area: returns, need: inherited - 11}", "86:49: 9 - 11 is negative (change it by less)"),
}


@pytest.mark.parametrize(("entry", "message"), ADJUSTMENTS.values(), ids=ADJUSTMENTS)
def test_adjustments(variant, complaints, entry, message):
    path = variant(("\nrules:\n", f"\nadjust:\n  cut:\n    - {entry}\nrules:\n"))
    assert complaints(path) == [f"scenario.yaml:{message}"]


FLOORS = {
    "no column": ("{file: floors.csv}", "99:15: no column named (write {file: floors.csv, column: floor})"),
    "unknown key": ("{file: floors.csv, colum: floor}", "99:34: unknown key 'colum' (write {file: floors.csv, column: floor})"),
    "no file": ("{file: flors.csv, column: floor}", "99:22: no such file: flors.csv (did you mean 'floors.csv'?)"),
    "no such column": (
        "{file: floors.csv, column: ceiling}",
        "floors.csv:1:1: no column 'ceiling' (expected one of: floor, partnership, worse)",
    ),
    "no figure": (
        "{file: floors.csv, column: worse}",
        "floors.csv:3:11: 'none' is not a number (expected a number such as 12.5 or a share such as 15 %)",
    ),
}


@pytest.mark.parametrize(("limit", "message"), FLOORS.values(), ids=FLOORS)
def test_figures_in_a_table(variant, write, complaints, limit, message):
    write("floors.csv", "partnership,floor,worse\ntunisia,12,3\negypt,6.5,none\n")
    place = "" if message.startswith("floors") else "scenario.yaml:"
    assert complaints(variant(("{tunisia: 12, egypt: 6.5}", limit))) == [place + message]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("tunisia,1\ntunisia,2\n", "3:9: 'tunisia' stands twice (keep one of the two)"),
        (",1\n", "2:1: 'partnership' is missing (fill it in)"),
        ("tunesia,1\n", "2:9: unknown member 'tunesia' (did you mean 'tunisia'?)"),
        ("tunisia,-1\n", "2:9: a limit cannot be negative: -1 (write zero or more)"),
    ],
)
def test_rows_of_figures(variant, write, complaints, rows, message):
    write("floors.csv", "partnership,floor\n" + rows)
    assert complaints(variant(("{tunisia: 12, egypt: 6.5}", "{file: floors.csv, column: floor}"))) == [f"floors.csv:{message}"]


CHANGES = {
    "no key": ("{partnership: egypt, need: 3}", "3:12: a change without 'area' (rows are found by partnership, area)"),
    "no row to drop": (
        "{partnership: global, area: smuggling, off: true, reason: x}",
        "3:12: nothing to switch off (no row has these keys)",
    ),
    "no reason": ("{partnership: egypt, area: returns, off: true}", "3:12: switched off without a reason (add reason: …)"),
    "nothing inherited": (
        "{partnership: global, area: smuggling, need: inherited + 3}",
        "3:57: nothing is inherited here (write the amount itself)",
    ),
    "unknown column": ("{partnership: egypt, area: returns, ned: 3}", "3:53: unknown column 'ned' (did you mean 'need'?)"),
    "unknown partnership": ("{partnership: egipt, area: returns, need: 3}", "3:26: unknown partnership 'egipt' (did you mean 'egypt'?)"),
    "bad amount": ("{partnership: egypt, area: returns, need: -3}", "3:54: an amount cannot be negative: -3 (write zero or more)"),
    "no amount": (
        "{partnership: global, area: smuggling}",
        "3:12: 'need' is missing (fill it in)",
    ),
    "wrong form": ("{partnership: egypt, area: returns, need: [3]}", "3:54: 'need' must be a single value (write a text or a number)"),
    "no keys": ("egypt", "3:12: a change must be keys with values (name partnership, area and what changes)"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_changes_of_tables(child, complaints, change, message):
    assert complaints(child(f"needs:\n  change: [{change}]\n")) == [f"child.yaml:{message}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("instruments: {amif: {ceiling: inherited * 2}}\n", "2:31: 'inherited * 2' is not a number"),
        ("instruments: {amif: {ceiling: inherited + lots}}\n", "2:31: 'lots' is not a number"),
        ("instruments: {amif: {reserve: inherited + 5 %}}\n", "2:31: nothing is inherited here"),
        ("instruments: {amif: {ceiling: {each: inherited - 11}}}\n", "2:38: 10 - 11 is negative"),
        (
            "instruments: {amif: {name: inherited + 5}}\n",
            "2:28: the inherited value is no amount: 'AMIF thematic facility' is not a number",
        ),
        ("instruments: {amif: inherited + 5}\n", "2:21: only amounts can build on inherited ones"),
    ],
)
def test_amounts_that_build_on_nothing(child, complaints, text, message):
    (only,) = complaints(child(text))
    assert only.split(" (")[0] == f"child.yaml:{message}"


def test_ten_mistakes_are_all_reported_at_once(variant, complaints):
    path = variant(
        ("author: Example", "autor: Example"),
        ("as_of: 2024-11-25", "as_of: yesterday"),
        ("short: Smuggling", "shrt: Smuggling"),
        ("reserve: 5 %", "reserve: 500 %"),
        ("partners: [north-africa, sahel]", "partners: [north-afrika, sahel]"),
        ("iso3: TUN", "iso3: NO"),
        ("{instrument: amif, area: returns}", "{instrument: amiff, area: returns}"),
        ("coefficient: 0.7", "coefficient: 7"),
        ("need: 12.5", 'need: "12,5"'),
        ("amount: 3.5", "amount: 3.55"),
        ("reason: Cooperation starts in 2026", "raeson: Cooperation starts in 2026"),
        ("for_each: partnership\n    money", "for_each: partnerships\n    money"),
        ("kind: amount", "kind: amout"),
        ("marker: oda}\n", "marker: odda}\n"),
    )
    assert said(complaints(path)) == [
        "scenario.yaml:7:1: unknown key 'autor' (did you mean 'author'?)",
        "scenario.yaml:8:8: 'yesterday' is not a date (write year-month-day, such as 2026-11-23)",
        "scenario.yaml:14:49: unknown key 'shrt' (did you mean 'short'?)",
        "scenario.yaml:23:14: a share cannot be above 100 %: 500 % (write a share from 0 % to 100 %)",
        "scenario.yaml:24:16: unknown partnership 'north-afrika' (did you mean 'north-africa'?)",
        "scenario.yaml:43:80: 'NO' is not an ISO 3166 three-letter code (write three capital letters, such as NOR for Norway)",
        "scenario.yaml:53:18: unknown instrument 'amiff' (did you mean 'amif'?)",
        "scenario.yaml:58:47: a coefficient cannot be above 1: 7 (it says how much of a euro counts)",
        "scenario.yaml:68:54: '12,5' is not a number (write the decimal sign as a point: 12.5)",
        "scenario.yaml:74:84: decided amount 3.55 is not a whole multiple of round_to 0.1 (write a smaller round_to, such as 0.001)",
        "scenario.yaml:80:66: unknown key 'raeson' (did you mean 'reason'?)",
        "scenario.yaml:88:15: cannot repeat for each 'partnerships' (did you mean 'partnership'?)",
        "scenario.yaml:96:11: unknown kind 'amout' (did you mean 'amount'?)",
        "scenario.yaml:104:40: unknown marker 'odda' (did you mean 'oda'?)",
    ]


def test_mistakes_are_still_reported_without_years(variant, complaints):
    path = variant(
        ("years: 2025-2026", "years: soon"),
        ("reserve: 5 %", "reserve: 500 %"),
        ("kind: amount", "kind: amout"),
        ("need: 12.5", "need: [1]"),
    )
    assert [message.split(":")[1] for message in complaints(path)] == ["9", "23", "68", "96"]


def test_a_message_shows_the_line_and_points_at_the_place(variant):
    path = variant(("reserve: 5 %", "reserve: 500 %"))
    with pytest.raises(ScenarioError) as caught:
        load(path)
    first, line, pointer = str(caught.value).split("\n")
    assert first.endswith("scenario.yaml:23:14: a share cannot be above 100 %: 500 %")
    assert line == "   23 |     reserve: 500 %"
    assert pointer == "                     ^ write a share from 0 % to 100 %"
    assert line[pointer.index("^")] == "5"
