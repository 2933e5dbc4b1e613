-- expand
-- Money is kept in nano-dollars, so that sums are exact.
CREATE TABLE budgets (
  id           TEXT PRIMARY KEY,
  scope        TEXT NOT NULL CHECK (scope IN ('fleet', 'project', 'role', 'agent', 'task')),
  -- Id of the project, agent or task, name of the role, '' for the fleet; '*' gives each of them the same.
  subject      TEXT NOT NULL,
  period       TEXT NOT NULL CHECK (period IN ('ever', 'day', 'month')),
  limit_nanos  BIGINT CHECK (limit_nanos >= 0),
  limit_tokens BIGINT CHECK (limit_tokens >= 0),
  limit_calls  BIGINT CHECK (limit_calls >= 0),
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  UNIQUE (scope, subject, period),
  CHECK (limit_nanos IS NOT NULL OR limit_tokens IS NOT NULL OR limit_calls IS NOT NULL),
  CHECK ((scope = 'fleet') = (subject = ''))
);

-- What was used of a budget in one period, and what calls under way may still use.
CREATE TABLE budget_use (
  budget_id     TEXT NOT NULL REFERENCES budgets (id) ON DELETE CASCADE,
  subject       TEXT NOT NULL,
  period_start  BIGINT NOT NULL,
  spent_nanos   BIGINT NOT NULL DEFAULT 0 CHECK (spent_nanos >= 0),
  spent_tokens  BIGINT NOT NULL DEFAULT 0 CHECK (spent_tokens >= 0),
  spent_calls   BIGINT NOT NULL DEFAULT 0 CHECK (spent_calls >= 0),
  held_nanos    BIGINT NOT NULL DEFAULT 0 CHECK (held_nanos >= 0),
  held_tokens   BIGINT NOT NULL DEFAULT 0 CHECK (held_tokens >= 0),
  held_calls    BIGINT NOT NULL DEFAULT 0 CHECK (held_calls >= 0),
  -- The highest of 50, 80 and 100 percent that was told of.
  alerted       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (budget_id, subject, period_start)
);

-- Calls of models under way; what they hold of budgets is given back when they end, also when their plane dies.
CREATE TABLE model_calls (
  id            TEXT PRIMARY KEY,
  plane_id      TEXT NOT NULL,
  route         TEXT NOT NULL,
  task_id       TEXT,
  assignment_id TEXT,
  agent_id      TEXT,
  project_id    TEXT,
  role          TEXT,
  nanos         BIGINT NOT NULL CHECK (nanos >= 0),
  tokens        BIGINT NOT NULL CHECK (tokens >= 0),
  -- Budgets it holds something of: budget id, subject and start of the period, as JSON.
  holds         TEXT NOT NULL,
  at            BIGINT NOT NULL
);
CREATE INDEX model_calls_by_plane ON model_calls (plane_id);

CREATE TABLE model_switch (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  is_off     INTEGER NOT NULL CHECK (is_off IN (0, 1)),
  reason     TEXT,
  changed_by TEXT,
  changed_at BIGINT NOT NULL
);
INSERT INTO model_switch (id, is_off, changed_at) VALUES (1, 0, 0);

ALTER TABLE model_usage ADD COLUMN call_id TEXT;
ALTER TABLE model_usage ADD COLUMN assignment_id TEXT;
ALTER TABLE model_usage ADD COLUMN project_id TEXT;
ALTER TABLE model_usage ADD COLUMN role TEXT;
ALTER TABLE model_usage ADD COLUMN route TEXT;
ALTER TABLE model_usage ADD COLUMN model_served TEXT;
ALTER TABLE model_usage ADD COLUMN tokens_stored BIGINT NOT NULL DEFAULT 0;
ALTER TABLE model_usage ADD COLUMN cost_nanos BIGINT;
ALTER TABLE model_usage ADD COLUMN first_token_ms INTEGER;
-- 0 where the provider did not say and the counts are estimates.
ALTER TABLE model_usage ADD COLUMN counted INTEGER NOT NULL DEFAULT 1;
CREATE INDEX model_usage_by_time ON model_usage (at);

-- What a task waits for beside the time in not_before: a budget, a provider.
ALTER TABLE tasks ADD COLUMN hold_code TEXT;
CREATE INDEX tasks_held ON tasks (hold_code) WHERE hold_code IS NOT NULL;
