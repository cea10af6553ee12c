CREATE TABLE "accounts" ("stid" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "code" VARCHAR(255) NOT NULL, "name" VARCHAR(255) NOT NULL, "local_name" VARCHAR(255) NOT NULL, "type" VARCHAR(255) NOT NULL CHECK (type IN ('asset', 'liability', 'equity', 'income', 'expense')), "parent_stid" INTEGER, "is_group" INTEGER NOT NULL, "active" INTEGER NOT NULL, "commodity" VARCHAR(255), FOREIGN KEY ("parent_stid") REFERENCES "accounts" ("stid"));
CREATE TABLE "balances" ("account_stid" INTEGER NOT NULL, "month" INTEGER NOT NULL, "closing" INTEGER NOT NULL, "debit" INTEGER NOT NULL CHECK (debit >= 0), "credit" INTEGER NOT NULL CHECK (credit >= 0), PRIMARY KEY ("account_stid", "month", "closing"), FOREIGN KEY ("account_stid") REFERENCES "accounts" ("stid")) WITHOUT ROWID;
CREATE TABLE "settings" ("id" INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), "name" VARCHAR(255) NOT NULL, "local_name" VARCHAR(255) NOT NULL, "currency" VARCHAR(255) NOT NULL, "decimals" INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 6), "fiscal_start_month" INTEGER NOT NULL CHECK (fiscal_start_month BETWEEN 1 AND 12), "era" VARCHAR(255) NOT NULL CHECK (era IN ('buddhist', 'common')), "retained_earnings_stid" INTEGER, "rounding_stid" INTEGER, FOREIGN KEY ("retained_earnings_stid") REFERENCES "accounts" ("stid"), FOREIGN KEY ("rounding_stid") REFERENCES "accounts" ("stid"));
CREATE TABLE "journal_books" ("stid" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "code" VARCHAR(255) NOT NULL, "name" VARCHAR(255) NOT NULL, "local_name" VARCHAR(255) NOT NULL, "kind" VARCHAR(255) NOT NULL CHECK (kind IN ('general', 'sales', 'purchases', 'receipts', 'payments')), "vat" VARCHAR(255) NOT NULL CHECK (vat IN ('none', 'input', 'output')), "active" INTEGER NOT NULL);
CREATE TABLE "drafts" ("id" INTEGER NOT NULL PRIMARY KEY, "version" INTEGER NOT NULL, "book_stid" INTEGER NOT NULL, "date" DATE NOT NULL, "text" TEXT NOT NULL, "reference" VARCHAR(255) NOT NULL, "lines" TEXT NOT NULL, "created_by" VARCHAR(255) NOT NULL, "created_by_name" VARCHAR(255) NOT NULL, "changed_by" VARCHAR(255) NOT NULL, "changed_by_name" VARCHAR(255) NOT NULL, "changed_at" INTEGER NOT NULL, "key" VARCHAR(255), "digest" VARCHAR(255), FOREIGN KEY ("book_stid") REFERENCES "journal_books" ("stid"));
CREATE TABLE "ledger_state" ("id" INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), "count" INTEGER NOT NULL, "head" VARCHAR(255) NOT NULL, "turnover" INTEGER NOT NULL CHECK (turnover BETWEEN 0 AND 4000000000000000000), "last_voucher_id" INTEGER NOT NULL, "closed_year" INTEGER NOT NULL);
CREATE TABLE "vouchers" ("id" INTEGER NOT NULL PRIMARY KEY, "number" VARCHAR(255) NOT NULL, "book_stid" INTEGER NOT NULL, "fiscal_year" INTEGER NOT NULL, "serial" INTEGER NOT NULL, "date" DATE NOT NULL, "text" TEXT NOT NULL, "reference" VARCHAR(255) NOT NULL, "closing" INTEGER NOT NULL, "reverses_id" INTEGER, "key" VARCHAR(255), "digest" VARCHAR(255), "chain_no" INTEGER NOT NULL, "chain_hash" VARCHAR(255) NOT NULL, "posted_by" VARCHAR(255) NOT NULL, "posted_by_name" VARCHAR(255) NOT NULL, "posted_at" INTEGER NOT NULL, FOREIGN KEY ("book_stid") REFERENCES "journal_books" ("stid"), FOREIGN KEY ("reverses_id") REFERENCES "vouchers" ("id"));
CREATE TABLE "lines" ("voucher_id" INTEGER NOT NULL, "n" INTEGER NOT NULL, "account_stid" INTEGER NOT NULL, "date" DATE NOT NULL, "amount" INTEGER NOT NULL CHECK (amount > -1000000000000000000 AND amount < 1000000000000000000), "text" TEXT NOT NULL, "quantity" INTEGER, "quantity_decimals" INTEGER, "commodity" VARCHAR(255), "register" VARCHAR(255), "register_stid" INTEGER, PRIMARY KEY ("voucher_id", "n"), FOREIGN KEY ("voucher_id") REFERENCES "vouchers" ("id") DEFERRABLE INITIALLY DEFERRED, FOREIGN KEY ("account_stid") REFERENCES "accounts" ("stid")) WITHOUT ROWID;
CREATE TABLE "months" ("month" INTEGER NOT NULL PRIMARY KEY, "state" VARCHAR(255) NOT NULL CHECK (state IN ('open', 'frozen', 'closed')));
CREATE TABLE "month_changes" ("id" INTEGER NOT NULL PRIMARY KEY, "month" INTEGER NOT NULL, "state" VARCHAR(255) NOT NULL, "reason" TEXT NOT NULL, "changed_by" VARCHAR(255) NOT NULL, "changed_by_name" VARCHAR(255) NOT NULL, "changed_at" INTEGER NOT NULL);
CREATE TABLE "number_series" ("book_stid" INTEGER NOT NULL, "fiscal_year" INTEGER NOT NULL, "prefix" VARCHAR(255) NOT NULL, "last" INTEGER NOT NULL, PRIMARY KEY ("book_stid", "fiscal_year"), FOREIGN KEY ("book_stid") REFERENCES "journal_books" ("stid")) WITHOUT ROWID;
CREATE UNIQUE INDEX "account_code" ON "accounts" ("code");
CREATE INDEX "account_parent_stid" ON "accounts" ("parent_stid");
CREATE INDEX "bookssettings_retained_earnings_stid" ON "settings" ("retained_earnings_stid");
CREATE INDEX "bookssettings_rounding_stid" ON "settings" ("rounding_stid");
CREATE UNIQUE INDEX "journalbook_code" ON "journal_books" ("code");
CREATE INDEX "draft_book_stid" ON "drafts" ("book_stid");
CREATE INDEX "draft_date" ON "drafts" ("date");
CREATE UNIQUE INDEX "draft_key" ON "drafts" ("key") WHERE ("key" IS NOT NULL);
CREATE UNIQUE INDEX "voucher_number" ON "vouchers" ("number");
CREATE UNIQUE INDEX "voucher_chain_no" ON "vouchers" ("chain_no");
CREATE UNIQUE INDEX "voucher_book_stid_fiscal_year_serial" ON "vouchers" ("book_stid", "fiscal_year", "serial");
CREATE INDEX "voucher_date_id" ON "vouchers" ("date", "id");
CREATE UNIQUE INDEX "voucher_key" ON "vouchers" ("key") WHERE ("key" IS NOT NULL);
CREATE UNIQUE INDEX "voucher_reverses_id" ON "vouchers" ("reverses_id") WHERE ("reverses_id" IS NOT NULL);
CREATE INDEX "vouchers_closing" ON "vouchers" ("fiscal_year") WHERE "closing";
CREATE INDEX "line_account_stid_date_voucher_id_n" ON "lines" ("account_stid", "date", "voucher_id", "n");
CREATE INDEX "line_register_register_stid" ON "lines" ("register", "register_stid") WHERE ("register" IS NOT NULL);
CREATE INDEX "line_account_stid_commodity" ON "lines" ("account_stid", "commodity") WHERE ("commodity" IS NOT NULL);
CREATE INDEX "month_state_month" ON "months" ("state", "month");
CREATE INDEX "monthchange_month" ON "month_changes" ("month");
CREATE UNIQUE INDEX "numberseries_prefix_fiscal_year" ON "number_series" ("prefix", "fiscal_year");
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
CREATE TRIGGER number_series_are_not_replaced AFTER INSERT ON number_series
WHEN EXISTS (
    SELECT 1 FROM vouchers WHERE book_stid = NEW.book_stid AND fiscal_year = NEW.fiscal_year
)
BEGIN
    SELECT RAISE(ABORT, 'a number series is never replaced');
END;
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
