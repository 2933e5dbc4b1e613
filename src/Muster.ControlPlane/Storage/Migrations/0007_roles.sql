-- expand
-- Whether a person has said which model it asks for: then its heartbeat reports one, and does not declare it.
ALTER TABLE agents ADD COLUMN declared INTEGER NOT NULL DEFAULT 0;
-- What it says that it runs, and how that differs from what is declared (D11); JSON.
ALTER TABLE agents ADD COLUMN runs TEXT;
ALTER TABLE agents ADD COLUMN drift TEXT;
