"""What goes to the Revenue Department and to social security, month by month."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta

from cuneifox.demo.diary import DemoLine, Diary, month_end, series, share, thai_month, working_day

CORPORATE_PERCENT = 20


def settle_vat(diary: Diary, month: Date) -> None:
    """ภ.พ.30: a month's output VAT less its input VAT is owed, or carried forward."""
    end = month_end(month)
    output = -diary.balance("output_vat", end)
    paid = diary.balance("input_vat", end)
    carried = diary.balance("vat_credit", end)
    owed = output - paid - carried
    diary.enter(
        end,
        "general",
        f"ปิดภาษีขาย ภาษีซื้อ ตาม ภ.พ.30 เดือน {thai_month(month)} VAT settlement",
        DemoLine("output_vat", output),
        DemoLine("input_vat", -paid),
        DemoLine("vat_credit", max(-owed, 0) - carried),
        DemoLine("vat_owed", -max(owed, 0)),
        reference=f"PP30-{series(month)}",
    )


def pay_taxes(diary: Diary, month: Date) -> None:
    """What the month before left owing: withholding tax by the 7th, the rest by the 15th."""
    before = month - timedelta(days=1)
    for dom, account, form in (
        (7, "withheld_1", "ภ.ง.ด.1"),
        (7, "withheld_3", "ภ.ง.ด.3"),
        (7, "withheld_53", "ภ.ง.ด.53"),
        (15, "social_security", "สปส.1-10 เงินสมทบประกันสังคม"),
        (15, "vat_owed", "ภ.พ.30 ภาษีมูลค่าเพิ่ม"),
    ):
        owed = -diary.balance(account, before)
        if owed:
            diary.enter(
                working_day(month + timedelta(days=dom - 1)),
                "payments",
                f"นำส่ง {form} เดือน {thai_month(before)}",
                DemoLine(account, owed),
                DemoLine("bank", -owed),
                reference=f"TX{series(month)}",
            )


def income_tax(diary: Diary, month: Date, result: int) -> None:
    """The tax on a year's `result` so far at its end, paid in May; half a year's in August."""
    end = month_end(month)
    if month.month == 12:
        tax = share(max(result, 0), CORPORATE_PERCENT)
        diary.enter(
            end,
            "general",
            f"ภาษีเงินได้นิติบุคคล {thai_month(month)} Income tax for the year",
            DemoLine("income_tax", tax),
            DemoLine("income_tax_owed", -tax),
            reference=f"PND50-{series(month)}",
        )
    elif month.month == 5:
        owed = -diary.balance("income_tax_owed", end)
        diary.enter(
            working_day(month + timedelta(days=27)),
            "payments",
            "ชำระภาษีเงินได้นิติบุคคล ภ.ง.ด.50",
            DemoLine("income_tax_owed", owed),
            DemoLine("bank", -owed),
            reference=f"PND50-{series(month)}",
        )
    elif month.month == 8:
        tax = share(max(result, 0), CORPORATE_PERCENT) * 6 // 7  # of seven months, six count
        diary.enter(
            working_day(month + timedelta(days=27)),
            "payments",
            "ชำระภาษีเงินได้นิติบุคคลครึ่งปี ภ.ง.ด.51",
            DemoLine("prepaid_tax", tax),
            DemoLine("bank", -tax),
            reference=f"PND51-{series(month)}",
        )
