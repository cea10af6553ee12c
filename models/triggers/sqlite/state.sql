-- What posting counts only counts up, and what amounts mean is fixed with the first of them.

CREATE TRIGGER ledger_state_moves_on BEFORE UPDATE ON ledger_state
WHEN NEW.id <> OLD.id
    OR NEW.count NOT IN (OLD.count, OLD.count + 1)
    OR (NEW.count = OLD.count) <> (NEW.head = OLD.head)
    OR NEW.turnover < OLD.turnover
    OR NEW.last_voucher_id < OLD.last_voucher_id
BEGIN
    SELECT RAISE(ABORT, 'the ledger moves on by one voucher at a time');
END;

CREATE TRIGGER ledger_state_is_kept BEFORE DELETE ON ledger_state
BEGIN
    SELECT RAISE(ABORT, 'the ledger''s state is never deleted');
END;

CREATE TRIGGER number_series_move_on BEFORE UPDATE ON number_series
WHEN NEW.book_stid <> OLD.book_stid
    OR NEW.fiscal_year <> OLD.fiscal_year
    OR NEW.prefix <> OLD.prefix
    OR NEW.last <> OLD.last + 1
BEGIN
    SELECT RAISE(ABORT, 'numbers are given one after the other');
END;

CREATE TRIGGER number_series_are_kept BEFORE DELETE ON number_series
BEGIN
    SELECT RAISE(ABORT, 'a number series is never deleted');
END;

CREATE TRIGGER settings_keep_their_money BEFORE UPDATE OF currency, decimals, fiscal_start_month ON settings
WHEN (
    NEW.currency <> OLD.currency
    OR NEW.decimals <> OLD.decimals
    OR NEW.fiscal_start_month <> OLD.fiscal_start_month
) AND EXISTS (SELECT 1 FROM vouchers)
BEGIN
    SELECT RAISE(ABORT, 'currency, decimals and fiscal year are fixed once something is posted');
END;

CREATE TRIGGER settings_are_kept BEFORE DELETE ON settings
BEGIN
    SELECT RAISE(ABORT, 'the settings are never deleted');
END;

-- REPLACE takes the old row away without asking what guards deletes.
CREATE TRIGGER ledger_state_is_not_replaced BEFORE INSERT ON ledger_state
WHEN EXISTS (SELECT 1 FROM ledger_state)
BEGIN
    SELECT RAISE(ABORT, 'the ledger''s state is never replaced');
END;

CREATE TRIGGER settings_are_not_replaced BEFORE INSERT ON settings
WHEN EXISTS (SELECT 1 FROM settings)
BEGIN
    SELECT RAISE(ABORT, 'the settings are never replaced');
END;

-- After the insert, for the upsert that gives numbers comes by ahead of it, and then updates.
CREATE TRIGGER number_series_are_not_replaced AFTER INSERT ON number_series
WHEN EXISTS (
    SELECT 1 FROM vouchers WHERE book_stid = NEW.book_stid AND fiscal_year = NEW.fiscal_year
)
BEGIN
    SELECT RAISE(ABORT, 'a number series is never replaced');
END;
