-- Posted vouchers are only ever added, one after the other, whole and balanced.

CREATE TRIGGER vouchers_are_never_changed BEFORE UPDATE ON vouchers
BEGIN
    SELECT RAISE(ABORT, 'a posted voucher is never changed; reverse it');
END;

CREATE TRIGGER vouchers_are_never_deleted BEFORE DELETE ON vouchers
BEGIN
    SELECT RAISE(ABORT, 'a posted voucher is never deleted; reverse it');
END;

CREATE TRIGGER vouchers_follow_the_chain BEFORE INSERT ON vouchers
WHEN NEW.chain_no IS NOT (SELECT count + 1 FROM ledger_state)
    OR NEW.serial IS NOT (
        SELECT last FROM number_series
        WHERE book_stid = NEW.book_stid AND fiscal_year = NEW.fiscal_year
    )
BEGIN
    SELECT RAISE(ABORT, 'a voucher is posted behind the last one, under the next number');
END;

CREATE TRIGGER vouchers_balance BEFORE INSERT ON vouchers
WHEN (
    SELECT count(*) < 2 OR sum(amount) <> 0 OR min(date) <> NEW.date OR max(date) <> NEW.date
    FROM lines WHERE voucher_id = NEW.id
)
BEGIN
    SELECT RAISE(ABORT, 'a voucher has two lines or more, of its date, that sum to zero');
END;

CREATE TRIGGER vouchers_spare_closed_months BEFORE INSERT ON vouchers
WHEN EXISTS (
    SELECT 1 FROM months
    WHERE state = 'closed'
        AND month >= CAST(substr(NEW.date, 1, 4) || substr(NEW.date, 6, 2) AS INTEGER)
)
BEGIN
    SELECT RAISE(ABORT, 'nothing posts into a closed month');
END;

-- REPLACE takes the old row away without asking what guards deletes.
CREATE TRIGGER vouchers_are_never_replaced BEFORE INSERT ON vouchers
WHEN EXISTS (SELECT 1 FROM vouchers WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'a posted voucher is never replaced; reverse it');
END;

CREATE TRIGGER vouchers_lie_in_their_year BEFORE INSERT ON vouchers
WHEN NEW.fiscal_year IS NOT (
    SELECT CAST(substr(NEW.date, 1, 4) AS INTEGER) + (
        fiscal_start_month > 1 AND CAST(substr(NEW.date, 6, 2) AS INTEGER) >= fiscal_start_month
    ) FROM settings
)
BEGIN
    SELECT RAISE(ABORT, 'a voucher is of the fiscal year that its date lies in');
END;

CREATE TRIGGER vouchers_spare_closed_years BEFORE INSERT ON vouchers
WHEN NOT NEW.closing AND NEW.fiscal_year <= (SELECT closed_year FROM ledger_state)
BEGIN
    SELECT RAISE(ABORT, 'nothing posts into a closed fiscal year; open it again first');
END;
