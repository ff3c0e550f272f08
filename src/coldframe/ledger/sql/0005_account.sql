-- Whose the store is, 12 digits: settled with the first access key, since ARNs and policies name it from then on.

ALTER TABLE store ADD COLUMN account_id TEXT;
