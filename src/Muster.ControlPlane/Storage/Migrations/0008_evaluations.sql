-- expand
-- A proposed role against the one there is, over recorded tasks (B6). What both say stands here, so that neither moves meanwhile.
CREATE TABLE evaluations (
  id           TEXT PRIMARY KEY,
  pull_id      TEXT NOT NULL REFERENCES pulls (id) ON DELETE CASCADE,
  head_sha     TEXT NOT NULL,
  role         TEXT NOT NULL,
  before_text  TEXT NOT NULL,
  after_text   TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('running', 'done', 'cancelled')),
  limit_nanos  BIGINT NOT NULL CHECK (limit_nanos > 0),
  limit_tokens BIGINT NOT NULL CHECK (limit_tokens > 0),
  created_by   TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  ended_at     BIGINT,
  reason       TEXT,
  CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX evaluations_one_running ON evaluations (pull_id) WHERE state = 'running';
CREATE INDEX evaluations_by_pull ON evaluations (pull_id, id);

-- A task that is carried out once more under one of the two roles, and thrown away.
CREATE TABLE trials (
  task_id       TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
  evaluation_id TEXT NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
  -- Key of the recorded task, and the commit that it began from.
  recorded      TEXT NOT NULL,
  side          TEXT NOT NULL CHECK (side IN ('before', 'after')),
  base_sha      TEXT NOT NULL,
  outcome       TEXT CHECK (outcome IN ('passed', 'failed', 'budget', 'lost', 'cancelled')),
  detail        TEXT,
  checks        INTEGER NOT NULL DEFAULT 0,
  checks_passed INTEGER NOT NULL DEFAULT 0,
  ended_at      BIGINT,
  CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
CREATE INDEX trials_by_evaluation ON trials (evaluation_id, recorded, side);
