CREATE TABLE "attachment" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "voucher_id" INTEGER NOT NULL, "file_name" VARCHAR(255) NOT NULL, "media_type" VARCHAR(255) NOT NULL, "size" INTEGER NOT NULL, "sha256" VARCHAR(255) NOT NULL, "content" BLOB NOT NULL, "added_at" VARCHAR(255) NOT NULL, "added_by" VARCHAR(255) NOT NULL);
CREATE INDEX "attachment_voucher_id" ON "attachment" ("voucher_id");
