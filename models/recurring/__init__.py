"""Recurring vouchers: templates, what they come to on a day, and making them once. Knows no pages and no workers.

A template (`template`) lies in the books. Its date, texts and amounts follow rules (`days`, `texts`, `formulas`), which
are worked out (`working`) for one slot: a day on which its schedule (`scheduling`) is due. Making the voucher of a slot
(`runs`) happens once, however often and by whomever it is asked for.
"""
