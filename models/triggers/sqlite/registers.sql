-- Static ids never change, and accounts that were posted to keep their nature.

CREATE TRIGGER accounts_keep_their_stid BEFORE UPDATE OF stid ON accounts
WHEN NEW.stid <> OLD.stid
BEGIN
    SELECT RAISE(ABORT, 'a static id never changes');
END;

CREATE TRIGGER journal_books_keep_their_stid BEFORE UPDATE OF stid ON journal_books
WHEN NEW.stid <> OLD.stid
BEGIN
    SELECT RAISE(ABORT, 'a static id never changes');
END;

CREATE TRIGGER accounts_keep_their_nature BEFORE UPDATE OF type, is_group ON accounts
WHEN (NEW.type <> OLD.type OR NEW.is_group <> OLD.is_group)
    AND EXISTS (SELECT 1 FROM lines WHERE account_stid = OLD.stid)
BEGIN
    SELECT RAISE(ABORT, 'an account that was posted to keeps its type and stays no group');
END;

-- REPLACE takes the old row away without asking what guards its changes.
CREATE TRIGGER accounts_are_not_replaced BEFORE INSERT ON accounts
WHEN EXISTS (SELECT 1 FROM accounts WHERE stid = NEW.stid)
BEGIN
    SELECT RAISE(ABORT, 'an account is changed, never replaced');
END;

CREATE TRIGGER journal_books_are_not_replaced BEFORE INSERT ON journal_books
WHEN EXISTS (SELECT 1 FROM journal_books WHERE stid = NEW.stid)
BEGIN
    SELECT RAISE(ABORT, 'a journal book is changed, never replaced');
END;
