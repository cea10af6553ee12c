-- Lines come ahead of their voucher, within its transaction, and stay as they are.

CREATE TRIGGER lines_are_never_changed BEFORE UPDATE ON lines
BEGIN
    SELECT RAISE(ABORT, 'a posted line is never changed; reverse its voucher');
END;

CREATE TRIGGER lines_are_never_deleted BEFORE DELETE ON lines
BEGIN
    SELECT RAISE(ABORT, 'a posted line is never deleted; reverse its voucher');
END;

CREATE TRIGGER lines_precede_their_voucher BEFORE INSERT ON lines
WHEN EXISTS (SELECT 1 FROM vouchers WHERE id = NEW.voucher_id)
BEGIN
    SELECT RAISE(ABORT, 'nothing is added to a posted voucher');
END;

CREATE TRIGGER lines_hold_whole_numbers BEFORE INSERT ON lines
WHEN typeof(NEW.amount) <> 'integer' OR typeof(NEW.quantity) NOT IN ('integer', 'null')
BEGIN
    SELECT RAISE(ABORT, 'amounts and quantities are whole numbers of their smallest unit');
END;
