-- expand
-- What people and the Chief of Staff say to each other on any channel, and the goals that come of it (B5).
CREATE TABLE conversations (
  id         TEXT PRIMARY KEY,
  channel    TEXT NOT NULL,
  outside_id TEXT,
  title      TEXT NOT NULL,
  person     TEXT NOT NULL,
  turns      INTEGER NOT NULL DEFAULT 0 CHECK (turns >= 0),
  -- A line that the Chief of Staff would add to the preferences, until the person says so or something else.
  proposal   TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX conversations_by_outside ON conversations (channel, outside_id) WHERE outside_id IS NOT NULL;
CREATE INDEX conversations_by_age ON conversations (updated_at);

CREATE TABLE conversation_turns (
  id              TEXT PRIMARY KEY,
  conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  number          INTEGER NOT NULL,
  author          TEXT NOT NULL CHECK (author IN ('person', 'chief')),
  text            TEXT NOT NULL,
  goal_id         TEXT,
  outside_id      TEXT,
  at              BIGINT NOT NULL,
  UNIQUE (conversation_id, number)
);
CREATE UNIQUE INDEX conversation_turns_by_outside ON conversation_turns (conversation_id, outside_id) WHERE outside_id IS NOT NULL;

CREATE TABLE goals (
  id               TEXT PRIMARY KEY,
  number           INTEGER NOT NULL UNIQUE,
  conversation_id  TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  -- The project that the person named, then the plan's. Not enforced: a goal outlives its project.
  project_id       TEXT,
  repository       TEXT,
  request          TEXT NOT NULL,
  title            TEXT,
  state            TEXT NOT NULL CHECK (state IN ('planning', 'waiting_approval', 'running', 'done', 'failed', 'cancelled')),
  approval         TEXT CHECK (approval IN ('plan', 'auto')),
  budget_usd       DOUBLE PRECISION,
  plan             TEXT,
  plan_version     INTEGER NOT NULL DEFAULT 0,
  -- The version that is to be begun; carried out once, by whoever comes first.
  approved_version INTEGER NOT NULL DEFAULT 0,
  -- Counts up with whatever changes what is to be thought about: a thought of before is thrown away.
  revision         INTEGER NOT NULL DEFAULT 0,
  -- 1 while the person has said something about a running goal that was not thought about yet.
  wish             INTEGER NOT NULL DEFAULT 0 CHECK (wish IN (0, 1)),
  calls            INTEGER NOT NULL DEFAULT 0,
  changes          INTEGER NOT NULL DEFAULT 0,
  waiting          TEXT CHECK (waiting IN ('provider_down', 'budget', 'models_off', 'person')),
  waiting_detail   TEXT,
  -- 1 while the person was asked about tasks that failed: what they do to those tasks answers it.
  waiting_on_tasks INTEGER NOT NULL DEFAULT 0 CHECK (waiting_on_tasks IN (0, 1)),
  retry_at         BIGINT,
  created_at       BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL,
  ended_at         BIGINT,
  CHECK ((state = 'done' OR state = 'failed' OR state = 'cancelled') = (ended_at IS NOT NULL)),
  CHECK (plan IS NOT NULL OR (state <> 'waiting_approval' AND state <> 'running'))
);
CREATE INDEX goals_open ON goals (number) WHERE ended_at IS NULL;
CREATE INDEX goals_by_conversation ON goals (conversation_id, number);

CREATE TABLE goal_tasks (
  goal_id       TEXT NOT NULL REFERENCES goals (id) ON DELETE CASCADE,
  number        INTEGER NOT NULL,
  task_id       TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  -- 0 when a change of the plan put others in its place or dropped it.
  counts        INTEGER NOT NULL DEFAULT 1 CHECK (counts IN (0, 1)),
  changes       INTEGER NOT NULL DEFAULT 0,
  -- The attempt whose failure was dealt with.
  handled_epoch INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (goal_id, number)
);
CREATE UNIQUE INDEX goal_tasks_by_task ON goal_tasks (task_id);

-- Whether a plan for this project is begun at once: 'plan' waits for a person, 'auto' does not.
ALTER TABLE projects ADD COLUMN approval TEXT NOT NULL DEFAULT 'plan';
