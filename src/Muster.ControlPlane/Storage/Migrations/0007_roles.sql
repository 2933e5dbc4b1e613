-- expand
-- Whether a person has said which model it asks for: then its heartbeat reports one, and does not declare it.
ALTER TABLE agents ADD COLUMN declared INTEGER NOT NULL DEFAULT 0;
-- What it says that it runs, and how that differs from what is declared (D11); JSON.
ALTER TABLE agents ADD COLUMN runs TEXT;
ALTER TABLE agents ADD COLUMN drift TEXT;

-- Agents that agents made for a time (B6). The role's text stands here; its file follows.
CREATE TABLE specialists (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL UNIQUE,
  agent_id     TEXT NOT NULL UNIQUE REFERENCES agents (id) ON DELETE CASCADE,
  task_id      TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  spawned_by   TEXT NOT NULL,
  depth        INTEGER NOT NULL CHECK (depth BETWEEN 1 AND 2),
  state        TEXT NOT NULL CHECK (state IN ('active', 'retired')),
  why          TEXT NOT NULL,
  role_text    TEXT NOT NULL,
  limit_nanos  BIGINT NOT NULL CHECK (limit_nanos > 0),
  limit_tokens BIGINT NOT NULL CHECK (limit_tokens > 0),
  ends_at      BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  retired_at   BIGINT,
  reason       TEXT,
  CHECK ((state = 'retired') = (retired_at IS NOT NULL))
);
CREATE INDEX specialists_by_task ON specialists (task_id);
