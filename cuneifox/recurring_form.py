"""The form of a recurring voucher: what was typed, kept as it was typed, and what it means."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import islice, zip_longest

from werkzeug.datastructures import MultiDict

from cuneifox.i18n import _, current_language, error_text
from cuneifox.lookups import Chart, Parties
from cuneifox.recurring_timing import TimingForm
from models.errors import BadInput
from models.recurring.checking import MOST_LINES
from models.recurring.formulas import REST, read_formula
from models.recurring.given import Side, TemplateInput, TemplateLine
from models.recurring.scheduling import Timing
from models.resolver import Reference, resolve

FEWEST_LINES = 4
"""Lines that the form shows at least."""

MORE_LINES = 4
"""Lines that "Add lines" adds."""

HEAD = ("name", "book", "date_rule", "language", "text", "reference")
"""Fields above the lines, at which errors are shown."""


@dataclass
class TemplateFormLine:
    """One line as typed; debit and credit are formulas."""

    account: str = ""
    text: str = ""
    party: str = ""
    debit: str = ""
    credit: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, part.name) for part in fields(self))


@dataclass
class TemplateForm:
    """The form as typed; `errors` holds texts by field, lines counted from 1: lines.2.debit."""

    version: int = 0
    name: str = ""
    book: str = ""
    date_rule: str = "same_day"
    language: str = field(default_factory=current_language)
    posts: str = ""
    text: str = ""
    reference: str = ""
    lines: list[TemplateFormLine] = field(default_factory=list)
    timing: TimingForm = field(default_factory=TimingForm)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def typed(cls, given: MultiDict[str, str]) -> TemplateForm:
        """Return the form that was sent, without its empty lines."""
        columns = [given.getlist(f"line-{part.name}") for part in fields(TemplateFormLine)]
        rows = zip_longest(*columns, fillvalue="")
        lines = (TemplateFormLine(*(cell.strip() for cell in row)) for row in rows)
        version = given.get("version", "")
        is_number = version.isascii() and version.isdigit() and len(version) < 19
        return cls(
            version=int(version) if is_number else 0,
            name=given.get("name", ""),
            book=given.get("book", ""),
            date_rule=given.get("date_rule", ""),
            language=given.get("language", ""),
            posts=given.get("posts", ""),
            text=given.get("text", ""),
            reference=given.get("reference", ""),
            lines=list(islice((line for line in lines if line), MOST_LINES + 1)),
            timing=TimingForm.typed(given),
        )

    @classmethod
    def of(
        cls, given: TemplateInput, timing: Timing | None, chart: Chart, version: int = 0
    ) -> TemplateForm:
        """Return the form that shows a template as it is kept."""
        wanted = [(line.register, line.register_stid) for line in given.lines]
        shown = resolve([(kind, stid) for kind, stid in wanted if kind and stid])
        lines = []
        for line in given.lines:
            party = shown.get((line.register or "", line.register_stid or 0))
            lines.append(
                TemplateFormLine(
                    account=chart.label(line.account_stid),
                    text=line.text,
                    party=f"{party.kind}:{party.code}" if party else "",
                    debit=line.amount if line.side == "debit" else "",
                    credit=line.amount if line.side == "credit" else "",
                )
            )
        return cls(
            version=version,
            name=given.name,
            book=str(given.book),
            date_rule=given.date_rule,
            language=given.language,
            posts="1" if given.posts else "",
            text=given.text,
            reference=given.reference,
            lines=lines,
            timing=TimingForm() if timing is None else TimingForm.of(timing),
        )

    def padded(self, more: int = 0) -> list[TemplateFormLine]:
        """Return the lines to show: those typed, and empty ones below them."""
        empty = max(FEWEST_LINES - len(self.lines), 1) + more
        return self.lines + [TemplateFormLine() for _n in range(empty)]

    def read(self, chart: Chart, parties: Parties) -> tuple[TemplateInput, Timing] | None:
        """Return what the form means, or None with `errors` filled where it means nothing."""
        self.errors.clear()
        if not (self.book.isascii() and self.book.isdigit() and len(self.book) < 19):
            self.errors["book"] = _("Choose the journal book from the list.")
        timing = self.timing.read(self.errors)
        meant = parties.find({line.party for line in self.lines if line.party})
        lines = [self._line(n, line, chart, meant) for n, line in enumerate(self.lines, 1)]
        if self.errors or timing is None:
            return None
        given = TemplateInput(
            self.name, int(self.book), self.date_rule, self.text, lines, self.reference,
            self.language, bool(self.posts),
        )  # fmt: skip
        return given, timing

    def _line(
        self, n: int, line: TemplateFormLine, chart: Chart, meant: dict[str, Reference | BadInput]
    ) -> TemplateLine:
        at = f"lines.{n}"
        stid = 0
        try:
            stid = chart.find(line.account).stid
        except BadInput as error:
            self.errors[f"{at}.account"] = error_text(error)
        if bool(line.debit) == bool(line.credit):
            self.errors[f"{at}.credit" if line.debit else f"{at}.debit"] = (
                _("Give a debit or a credit, not both.")
                if line.debit
                else _("Give a debit or a credit: an amount, a formula, or rest.")
            )
        side: Side = "debit" if line.debit else "credit"
        self._try_formula(f"{at}.{side}", line.debit or line.credit)
        party = meant.get(line.party)
        if isinstance(party, BadInput):
            self.errors[f"{at}.party"] = error_text(party)
            party = None
        kind, of = party or (None, None)
        return TemplateLine(stid, line.debit or line.credit, side, line.text, kind, of)

    def _try_formula(self, where: str, text: str) -> None:
        if where in self.errors or text.casefold() == REST:
            return
        try:
            read_formula(text)
        except BadInput as error:
            self.errors.setdefault(where, error_text(error))

    def tell(self, error: BadInput) -> None:
        """Put an error of the books where the form shows it."""
        where = error.field
        if where.startswith("lines.") and where.endswith((".amount", ".register")):
            n = int(where.split(".")[1])
            line = self.lines[n - 1]
            side = "debit" if line.debit else "credit"
            where = f"lines.{n}.{'party' if where.endswith('register') else side}"
        known = where in (*HEAD, "lines") or where.startswith("lines.")
        self.errors[where if known else ""] = error_text(error)
