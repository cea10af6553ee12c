-- A closed month is closed for good, and who changed which month stays on record.

CREATE TRIGGER months_stay_closed BEFORE UPDATE ON months
WHEN OLD.state = 'closed'
BEGIN
    SELECT RAISE(ABORT, 'a closed month is closed for good');
END;

CREATE TRIGGER months_closed_are_kept BEFORE DELETE ON months
WHEN OLD.state = 'closed'
BEGIN
    SELECT RAISE(ABORT, 'a closed month is closed for good');
END;

CREATE TRIGGER months_closed_are_not_replaced BEFORE INSERT ON months
WHEN EXISTS (SELECT 1 FROM months WHERE month = NEW.month AND state = 'closed')
BEGIN
    SELECT RAISE(ABORT, 'a closed month is closed for good');
END;

CREATE TRIGGER month_changes_are_never_changed BEFORE UPDATE ON month_changes
BEGIN
    SELECT RAISE(ABORT, 'the record of months is only added to');
END;

CREATE TRIGGER month_changes_are_never_deleted BEFORE DELETE ON month_changes
BEGIN
    SELECT RAISE(ABORT, 'the record of months is only added to');
END;

CREATE TRIGGER month_changes_are_never_replaced BEFORE INSERT ON month_changes
WHEN EXISTS (SELECT 1 FROM month_changes WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the record of months is only added to');
END;
