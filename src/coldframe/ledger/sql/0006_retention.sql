-- How late it is for vault locks; 0 before the first change. The clock alone moves it by a day at most (adr/0033).

ALTER TABLE store ADD COLUMN retention_ms INTEGER NOT NULL DEFAULT 0;
