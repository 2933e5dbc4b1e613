-- expand
-- What a version is made of never changes; the row of the tool says what its newest version says.
CREATE TABLE tool_versions (
  tool_id       TEXT NOT NULL REFERENCES tools (id) ON DELETE CASCADE,
  version       INTEGER NOT NULL,
  hash          TEXT NOT NULL,
  -- Manifest, source and tests, as JSON.
  package       TEXT NOT NULL,
  findings      TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('draft', 'tested', 'approved', 'retired')),
  reason        TEXT,
  results       TEXT,
  created_by    TEXT,
  task_id       TEXT,
  assignment_id TEXT,
  approved_by   TEXT,
  -- Calls in a row that failed by the tool's own fault, since it was approved.
  failures      INTEGER NOT NULL DEFAULT 0,
  created_at    BIGINT NOT NULL,
  tested_at     BIGINT,
  approved_at   BIGINT,
  retired_at    BIGINT,
  PRIMARY KEY (tool_id, version),
  CHECK (status <> 'approved' OR (approved_at IS NOT NULL AND tested_at IS NOT NULL))
);
-- Whoever approves two at once has one of them refused.
CREATE UNIQUE INDEX tool_versions_one_approved ON tool_versions (tool_id) WHERE status = 'approved';
CREATE INDEX tool_versions_by_assignment ON tool_versions (assignment_id);

-- Tools to be run in the sandbox of a host: tests of a version, and runs for callers without a sandbox.
CREATE TABLE tool_jobs (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL CHECK (kind IN ('test', 'run')),
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'error', 'cancelled')),
  tool_id     TEXT NOT NULL REFERENCES tools (id) ON DELETE CASCADE,
  version     INTEGER NOT NULL,
  call_id     TEXT,
  input       TEXT,
  outcome     TEXT,
  detail      TEXT,
  host_id     TEXT,
  epoch       INTEGER NOT NULL DEFAULT 0,
  -- A lease of a tool's job is not renewed: how long the work may take is known before.
  lease_until BIGINT,
  not_before  BIGINT,
  created_at  BIGINT NOT NULL,
  ended_at    BIGINT,
  CHECK ((state IN ('waiting', 'running')) = (ended_at IS NULL))
);
CREATE INDEX tool_jobs_open ON tool_jobs (state, id) WHERE state IN ('waiting', 'running');
CREATE INDEX tool_jobs_by_version ON tool_jobs (tool_id, version);

CREATE TABLE tool_calls (
  id            TEXT PRIMARY KEY,
  tool_id       TEXT NOT NULL,
  tool          TEXT NOT NULL,
  version       INTEGER NOT NULL,
  hash          TEXT NOT NULL,
  task_id       TEXT,
  assignment_id TEXT,
  agent_id      TEXT,
  caller        TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  detail        TEXT,
  milliseconds  INTEGER,
  input_bytes   INTEGER NOT NULL DEFAULT 0,
  output_bytes  INTEGER,
  started_at    BIGINT NOT NULL,
  ended_at      BIGINT
);
CREATE INDEX tool_calls_by_tool ON tool_calls (tool_id, id);
CREATE INDEX tool_calls_by_assignment ON tool_calls (assignment_id);
CREATE INDEX tool_calls_by_time ON tool_calls (started_at);

ALTER TABLE tools ADD COLUMN hash TEXT;
ALTER TABLE tools ADD COLUMN reason TEXT;
ALTER TABLE tools ADD COLUMN approved_version INTEGER;
