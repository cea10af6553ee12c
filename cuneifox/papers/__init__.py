"""Reports and documents as files. Knows what a table and a voucher on paper are; neither jobs nor HTTP."""

from .errors import PaperFailed
from .statement_paper import StatementPaper, StatementPapers, StatementRow
from .statements import write_statements
from .table import Amount, Cell, Column, Row, Table
from .vouchers import VoucherLine, VoucherPaper, VoucherPapers, write_vouchers
from .writing import FORMS, write

__all__ = [
    "FORMS",
    "Amount",
    "Cell",
    "Column",
    "PaperFailed",
    "Row",
    "StatementPaper",
    "StatementPapers",
    "StatementRow",
    "Table",
    "VoucherLine",
    "VoucherPaper",
    "VoucherPapers",
    "write",
    "write_statements",
    "write_vouchers",
]
