-- The core: requirements B1 and C1. Times are milliseconds since 1970 by the store's clock, hours are kept as
-- minutes so that sums stay exact, truth values are 0 or 1, lists and definitions are JSON text.

-- The processes that serve this store. The number of the last batch tells one that lost its connection in the middle of a
-- commit whether that commit happened.
CREATE TABLE planes (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  batch      BIGINT NOT NULL DEFAULT 0,
  started_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL
);

-- Which of them does what only one may do. Who takes over counts the term up.
CREATE TABLE leadership (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  plane_id TEXT NOT NULL,
  term     BIGINT NOT NULL,
  until    BIGINT NOT NULL
);
INSERT INTO leadership (id, plane_id, term, until) VALUES (1, '', 0, 0);

CREATE TABLE projects (
  id            TEXT PRIMARY KEY,
  key           TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  repository    TEXT,
  target_branch TEXT NOT NULL,
  lease_seconds INTEGER NOT NULL CHECK (lease_seconds BETWEEN 2 AND 86400),
  max_failures  INTEGER NOT NULL CHECK (max_failures BETWEEN 1 AND 100),
  contract      TEXT NOT NULL,
  review        TEXT NOT NULL CHECK (review IN ('auto', 'person')),
  push_back     INTEGER NOT NULL DEFAULT 0 CHECK (push_back IN (0, 1)),
  paused        INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
  deploy_to     TEXT,
  epic_branches INTEGER NOT NULL DEFAULT 0 CHECK (epic_branches IN (0, 1)),
  next_task     INTEGER NOT NULL DEFAULT 1,
  next_pull     INTEGER NOT NULL DEFAULT 1,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL
);

CREATE TABLE epics (
  id            TEXT PRIMARY KEY,
  project_id    TEXT NOT NULL REFERENCES projects (id),
  number        INTEGER NOT NULL CHECK (number > 0),
  title         TEXT NOT NULL,
  gate_epics    TEXT,
  gate_percent  INTEGER CHECK (gate_percent BETWEEN 1 AND 100),
  gate_open     INTEGER NOT NULL DEFAULT 1 CHECK (gate_open IN (0, 1)),
  -- Kept in the transaction that changes a task, so that a gate costs nothing to test.
  tasks         INTEGER NOT NULL DEFAULT 0 CHECK (tasks >= 0),
  tasks_done    INTEGER NOT NULL DEFAULT 0 CHECK (tasks_done BETWEEN 0 AND tasks),
  minutes       BIGINT NOT NULL DEFAULT 0 CHECK (minutes >= 0),
  minutes_done  BIGINT NOT NULL DEFAULT 0 CHECK (minutes_done BETWEEN 0 AND minutes),
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  UNIQUE (project_id, number),
  CHECK ((gate_epics IS NULL) = (gate_percent IS NULL)),
  CHECK (gate_open = 1 OR gate_epics IS NOT NULL)
);

CREATE TABLE hosts (
  id             TEXT PRIMARY KEY,
  name           TEXT NOT NULL UNIQUE,
  cores          INTEGER NOT NULL,
  memory_bytes   BIGINT NOT NULL,
  capacity       INTEGER NOT NULL CHECK (capacity >= 0),
  system         TEXT,
  version        TEXT,
  health         TEXT NOT NULL,
  -- The plane that it talks to, which notices when it falls silent.
  plane_id       TEXT,
  last_heartbeat BIGINT,
  created_at     BIGINT NOT NULL
);

CREATE TABLE agents (
  id             TEXT PRIMARY KEY,
  name           TEXT NOT NULL UNIQUE,
  role           TEXT,
  model          TEXT,
  labels         TEXT NOT NULL DEFAULT '[]',
  host_id        TEXT REFERENCES hosts (id),
  capacity       INTEGER NOT NULL DEFAULT 1 CHECK (capacity BETWEEN 0 AND 1000),
  desired        TEXT NOT NULL CHECK (desired IN ('running', 'paused', 'draining', 'stopped')),
  active         INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
  definition     TEXT,
  rehearsal      INTEGER NOT NULL DEFAULT 0 CHECK (rehearsal IN (0, 1)),
  status         TEXT,
  health         TEXT NOT NULL,
  plane_id       TEXT,
  restarts       INTEGER NOT NULL DEFAULT 0,
  deaths         BIGINT NOT NULL DEFAULT 0,
  last_error     TEXT,
  version        TEXT,
  last_heartbeat BIGINT,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);

CREATE TABLE tasks (
  id                TEXT PRIMARY KEY,
  project_id        TEXT NOT NULL REFERENCES projects (id),
  number            INTEGER NOT NULL,
  epic_id           TEXT REFERENCES epics (id),
  issue_number      TEXT,
  title             TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
  description       TEXT,
  labels            TEXT NOT NULL DEFAULT '[]',
  priority          INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 5),
  role              TEXT,
  previous_status   TEXT NOT NULL,
  status            TEXT NOT NULL,
  percent_complete  INTEGER NOT NULL DEFAULT 0 CHECK (percent_complete BETWEEN 0 AND 100),
  estimate_minutes  BIGINT CHECK (estimate_minutes >= 0),
  spent_minutes     BIGINT NOT NULL DEFAULT 0 CHECK (spent_minutes >= 0),
  branch            TEXT,
  head_sha          TEXT,
  pull_number       INTEGER,
  contract          TEXT NOT NULL,
  needs_approval    INTEGER NOT NULL DEFAULT 0 CHECK (needs_approval IN (0, 1)),
  parent_id         TEXT REFERENCES tasks (id),
  open_dependencies INTEGER NOT NULL DEFAULT 0 CHECK (open_dependencies >= 0),
  gated             INTEGER NOT NULL DEFAULT 0 CHECK (gated IN (0, 1)),
  not_before        BIGINT,
  not_before_code   TEXT CHECK (not_before_code IN ('not_before', 'backoff')),
  -- 1 when the task waits for nothing: the only tasks a claim ever looks at.
  ready             INTEGER NOT NULL CHECK (ready IN (0, 1)),
  -- Claims so far. The newest assignment has this epoch; any other is stale.
  epoch             INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
  failures          INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  losses            INTEGER NOT NULL DEFAULT 0 CHECK (losses >= 0),
  assignment_id     TEXT,
  agent_id          TEXT,
  avoid_agent_id    TEXT,
  rehearsal         INTEGER NOT NULL DEFAULT 0 CHECK (rehearsal IN (0, 1)),
  last_outcome      TEXT,
  last_reason       TEXT,
  created_at        BIGINT NOT NULL,
  updated_at        BIGINT NOT NULL,
  started_at        BIGINT,
  completed_at      BIGINT,
  UNIQUE (project_id, number),
  -- Which state may follow which: a row carries the state it came from, and the pair must stand here.
  -- Spelled out, because lists of constants are made into a table for every row that is written.
  CHECK (CASE previous_status
    WHEN 'pending' THEN status = 'in_progress' OR status = 'cancelled'
    WHEN 'in_progress' THEN status = 'done' OR status = 'review' OR status = 'pending' OR status = 'failed' OR status = 'quarantined' OR status = 'cancelled'
    WHEN 'review' THEN status = 'done' OR status = 'pending' OR status = 'failed' OR status = 'quarantined' OR status = 'cancelled'
    WHEN 'new' THEN status = 'pending' OR status = 'done'
    WHEN 'failed' THEN status = 'pending'
    WHEN 'quarantined' THEN status = 'pending'
    WHEN 'cancelled' THEN status = 'pending'
    ELSE 1 = 0 END),
  CHECK ((status = 'in_progress') = (assignment_id IS NOT NULL)),
  CHECK (ready = 0 OR (status = 'pending' AND open_dependencies = 0 AND gated = 0)),
  CHECK (status <> 'done' OR percent_complete = 100),
  CHECK ((status = 'done' OR status = 'failed' OR status = 'cancelled' OR status = 'quarantined') = (completed_at IS NOT NULL))
);

CREATE INDEX tasks_ready ON tasks (project_id, priority, number) WHERE ready = 1;
CREATE INDEX tasks_by_status ON tasks (status, project_id, number);
CREATE INDEX tasks_by_epic ON tasks (epic_id) WHERE epic_id IS NOT NULL;
CREATE INDEX tasks_by_due ON tasks (not_before) WHERE not_before IS NOT NULL;
CREATE UNIQUE INDEX tasks_by_issue ON tasks (project_id, issue_number) WHERE issue_number IS NOT NULL;

CREATE TABLE edges (
  task_id    TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  depends_on TEXT NOT NULL REFERENCES tasks (id),
  PRIMARY KEY (task_id, depends_on),
  CHECK (task_id <> depends_on)
);
CREATE INDEX edges_by_dependency ON edges (depends_on);

CREATE TABLE assignments (
  id               TEXT PRIMARY KEY,
  task_id          TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  agent_id         TEXT NOT NULL REFERENCES agents (id),
  epoch            INTEGER NOT NULL CHECK (epoch > 0),
  status           TEXT NOT NULL CHECK (status = 'active' OR status = 'completed' OR status = 'failed' OR status = 'released' OR status = 'expired' OR status = 'died' OR status = 'revoked'),
  percent_complete INTEGER NOT NULL DEFAULT 0 CHECK (percent_complete BETWEEN 0 AND 100),
  note             TEXT,
  reason           TEXT,
  head_sha         TEXT,
  wip_sha          TEXT,
  summary          TEXT,
  rehearsal        INTEGER NOT NULL DEFAULT 0 CHECK (rehearsal IN (0, 1)),
  lease_until      BIGINT NOT NULL,
  -- The plane that gave or last renewed the lease, and takes it back when it runs out.
  plane_id         TEXT,
  -- The idempotency key that it was claimed with: the same claim again gets the same tasks.
  claim_key        TEXT,
  started_at       BIGINT NOT NULL,
  ended_at         BIGINT,
  UNIQUE (task_id, epoch),
  CHECK ((status = 'active') = (ended_at IS NULL))
);
-- Exclusive by construction: a second open assignment of a task cannot be written.
CREATE UNIQUE INDEX assignments_one_active ON assignments (task_id) WHERE status = 'active';
CREATE INDEX assignments_open_by_agent ON assignments (agent_id) WHERE status = 'active';

CREATE TABLE task_updates (
  id               TEXT PRIMARY KEY,
  task_id          TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  assignment_id    TEXT,
  author           TEXT NOT NULL,
  kind             TEXT NOT NULL CHECK (kind IN ('comment', 'progress', 'state')),
  text             TEXT NOT NULL,
  percent_complete INTEGER,
  at               BIGINT NOT NULL
);
CREATE INDEX task_updates_by_task ON task_updates (task_id, id);
CREATE INDEX task_updates_by_age ON task_updates (at);

CREATE TABLE artifacts (
  id            TEXT PRIMARY KEY,
  name          TEXT NOT NULL,
  task_id       TEXT REFERENCES tasks (id) ON DELETE SET NULL,
  assignment_id TEXT,
  content_type  TEXT NOT NULL,
  size          BIGINT NOT NULL,
  sha256        TEXT NOT NULL,
  created_at    BIGINT NOT NULL
);
CREATE INDEX artifacts_by_task ON artifacts (task_id);
CREATE INDEX artifacts_by_hash ON artifacts (sha256);

CREATE TABLE evidence (
  id            TEXT PRIMARY KEY,
  task_id       TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  assignment_id TEXT,
  kind          TEXT NOT NULL CHECK (kind IN ('commit', 'pr', 'test', 'build', 'deployment', 'research', 'citation')),
  reference     TEXT NOT NULL,
  sha           TEXT,
  outcome       TEXT,
  detail        TEXT,
  verified      INTEGER NOT NULL DEFAULT 0 CHECK (verified IN (0, 1)),
  verified_by   TEXT,
  artifact_id   TEXT,
  rehearsal     INTEGER NOT NULL DEFAULT 0 CHECK (rehearsal IN (0, 1)),
  created_at    BIGINT NOT NULL,
  CHECK ((verified = 1) = (verified_by IS NOT NULL))
);
CREATE INDEX evidence_by_task ON evidence (task_id, id);

CREATE TABLE events (
  seq        INTEGER PRIMARY KEY,
  id         TEXT NOT NULL,
  type       TEXT NOT NULL,
  project_id TEXT,
  task_id    TEXT,
  agent_id   TEXT,
  text       TEXT NOT NULL,
  data       TEXT,
  at         BIGINT NOT NULL
);
-- The number of the last event, which outlives it: numbers are given in the order of commits and never twice.
CREATE TABLE event_head (
  id  INTEGER PRIMARY KEY CHECK (id = 1),
  seq BIGINT NOT NULL
);
INSERT INTO event_head (id, seq) VALUES (1, 0);
CREATE INDEX events_by_task ON events (task_id, seq) WHERE task_id IS NOT NULL;

CREATE TABLE tools (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL UNIQUE,
  description  TEXT NOT NULL,
  input_schema TEXT,
  source       TEXT,
  status       TEXT NOT NULL CHECK (status IN ('draft', 'tested', 'approved', 'retired')),
  version      INTEGER NOT NULL,
  created_by   TEXT,
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL
);

CREATE TABLE model_usage (
  id            TEXT PRIMARY KEY,
  task_id       TEXT,
  agent_id      TEXT,
  provider      TEXT NOT NULL,
  model         TEXT NOT NULL,
  tokens_in     BIGINT NOT NULL CHECK (tokens_in >= 0),
  tokens_out    BIGINT NOT NULL CHECK (tokens_out >= 0),
  tokens_cached BIGINT NOT NULL CHECK (tokens_cached >= 0),
  cost_usd      DOUBLE PRECISION,
  latency_ms    INTEGER,
  outcome       TEXT NOT NULL,
  at            BIGINT NOT NULL
);

CREATE TABLE progress_snapshots (
  id                TEXT PRIMARY KEY,
  project_id        TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  tasks             INTEGER NOT NULL,
  tasks_done        INTEGER NOT NULL,
  tasks_in_progress INTEGER NOT NULL,
  minutes           BIGINT NOT NULL,
  minutes_done      BIGINT NOT NULL,
  velocity          DOUBLE PRECISION,
  agents_working    INTEGER NOT NULL,
  at                BIGINT NOT NULL
);
CREATE INDEX progress_snapshots_by_project ON progress_snapshots (project_id, at);

CREATE TABLE pulls (
  id              TEXT PRIMARY KEY,
  project_id      TEXT NOT NULL REFERENCES projects (id),
  number          INTEGER NOT NULL,
  task_id         TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  title           TEXT NOT NULL,
  body            TEXT,
  branch          TEXT NOT NULL,
  base            TEXT NOT NULL,
  head_sha        TEXT NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('open', 'queued', 'changes_requested', 'merged', 'closed')),
  author          TEXT NOT NULL,
  needs_approval  INTEGER NOT NULL CHECK (needs_approval IN (0, 1)),
  approval_reason TEXT,
  -- An approval counts for the head it was given for, and for no other.
  approved_sha    TEXT,
  approved_by     TEXT,
  merge_sha       TEXT,
  rehearsal       INTEGER NOT NULL DEFAULT 0 CHECK (rehearsal IN (0, 1)),
  additions       INTEGER,
  deletions       INTEGER,
  files_changed   INTEGER,
  created_at      BIGINT NOT NULL,
  updated_at      BIGINT NOT NULL,
  merged_at       BIGINT,
  UNIQUE (project_id, number),
  CHECK ((state = 'merged') = (merge_sha IS NOT NULL))
);
CREATE UNIQUE INDEX pulls_one_open ON pulls (task_id) WHERE state IN ('open', 'queued', 'changes_requested');

CREATE TABLE reviews (
  id         TEXT PRIMARY KEY,
  pull_id    TEXT NOT NULL REFERENCES pulls (id) ON DELETE CASCADE,
  reviewer   TEXT NOT NULL,
  verdict    TEXT NOT NULL CHECK (verdict IN ('approve', 'request_changes', 'comment')),
  head_sha   TEXT NOT NULL,
  body       TEXT,
  comments   TEXT NOT NULL DEFAULT '[]',
  created_at BIGINT NOT NULL
);
CREATE INDEX reviews_by_pull ON reviews (pull_id, id);

CREATE TABLE merge_queue (
  id            TEXT PRIMARY KEY,
  -- First come, first served per target; ids are ordered by time, this breaks ties within a millisecond.
  position      BIGINT NOT NULL UNIQUE,
  project_id    TEXT NOT NULL REFERENCES projects (id),
  target        TEXT NOT NULL,
  pull_id       TEXT NOT NULL UNIQUE REFERENCES pulls (id) ON DELETE CASCADE,
  task_id       TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  head_sha      TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('waiting', 'checking', 'merging')),
  base_sha      TEXT,
  candidate_sha TEXT,
  detail        TEXT,
  enqueued_at   BIGINT NOT NULL
);

-- The branch of an epic and its way into the target. It stands in the same line as merge_queue: positions are shared.
CREATE TABLE epic_merges (
  epic_id       TEXT PRIMARY KEY REFERENCES epics (id) ON DELETE CASCADE,
  project_id    TEXT NOT NULL REFERENCES projects (id),
  -- As it was named when it was made; a new title does not move it.
  branch        TEXT NOT NULL,
  target        TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'checking', 'blocked', 'merged')),
  position      BIGINT,
  head_sha      TEXT,
  base_sha      TEXT,
  candidate_sha TEXT,
  merge_sha     TEXT,
  detail        TEXT,
  -- When a merge whose check could not be run is tried again although nothing moved.
  retry_at      BIGINT,
  enqueued_at   BIGINT,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  UNIQUE (project_id, branch),
  CHECK ((state IN ('waiting', 'checking')) = (position IS NOT NULL))
);
CREATE INDEX epic_merges_line ON epic_merges (project_id, target, position) WHERE position IS NOT NULL;

CREATE TABLE deployments (
  id            TEXT PRIMARY KEY,
  project_id    TEXT NOT NULL REFERENCES projects (id),
  environment   TEXT NOT NULL,
  sha           TEXT NOT NULL,
  task_id       TEXT REFERENCES tasks (id) ON DELETE SET NULL,
  state         TEXT NOT NULL CHECK (state IN ('waiting', 'deploying', 'healthy', 'rolled_back', 'failed', 'superseded')),
  definition    TEXT NOT NULL,
  host_id       TEXT,
  url           TEXT,
  health_status INTEGER,
  health_body   TEXT,
  detail        TEXT,
  created_at    BIGINT NOT NULL,
  ended_at      BIGINT
);
CREATE UNIQUE INDEX deployments_one_current ON deployments (project_id, environment) WHERE state = 'healthy';

CREATE INDEX deployments_by_project ON deployments (project_id, environment, id);

CREATE TABLE jobs (
  id                 TEXT PRIMARY KEY,
  kind               TEXT NOT NULL CHECK (kind IN ('check', 'deploy')),
  state              TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'passed', 'failed', 'error', 'cancelled')),
  project_id         TEXT NOT NULL REFERENCES projects (id),
  task_id            TEXT REFERENCES tasks (id) ON DELETE CASCADE,
  deployment_id      TEXT REFERENCES deployments (id) ON DELETE CASCADE,
  sha                TEXT NOT NULL,
  tree               TEXT,
  name               TEXT NOT NULL,
  definition         TEXT NOT NULL,
  -- Epoch of the task when it was made: a new attempt runs a red check again even at the same commit.
  attempt            INTEGER,
  host_id            TEXT,
  -- The plane that keeps the time of its lease.
  plane_id           TEXT,
  epoch              INTEGER NOT NULL DEFAULT 0,
  exit_code          INTEGER,
  detail             TEXT,
  output_artifact_id TEXT,
  not_before         BIGINT,
  created_at         BIGINT NOT NULL,
  started_at         BIGINT,
  ended_at           BIGINT,
  CHECK ((state IN ('waiting', 'running')) = (ended_at IS NULL))
);
CREATE INDEX jobs_open ON jobs (state, id) WHERE state IN ('waiting', 'running');
CREATE UNIQUE INDEX jobs_one_check ON jobs (task_id, sha, name) WHERE kind = 'check';
CREATE INDEX jobs_by_sha ON jobs (project_id, sha, name);
CREATE INDEX jobs_by_tree ON jobs (project_id, tree, name);
CREATE INDEX jobs_by_task ON jobs (task_id);

CREATE TABLE tokens (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  scope      TEXT NOT NULL CHECK (scope IN ('owner', 'maintainer', 'viewer', 'host', 'agent')),
  subject    TEXT,
  hash       TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);

CREATE TABLE idempotency (
  principal TEXT NOT NULL,
  key       TEXT NOT NULL,
  request   TEXT NOT NULL,
  response  TEXT NOT NULL,
  at        BIGINT NOT NULL,
  PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_by_age ON idempotency (at);

CREATE VIEW active_tasks AS
  SELECT t.id, p.key || '-' || t.number AS key, p.key AS project, t.title, t.status, t.priority, t.percent_complete,
         a.name AS agent, t.epoch AS attempts, t.started_at
    FROM tasks t JOIN projects p ON p.id = t.project_id LEFT JOIN agents a ON a.id = t.agent_id
   WHERE t.status IN ('in_progress', 'review');

CREATE VIEW agent_activity AS
  SELECT a.id, a.name, a.role, a.status,
         SUM(CASE WHEN s.status = 'completed' THEN 1 ELSE 0 END) AS completed,
         SUM(CASE WHEN s.status IN ('failed', 'expired', 'died') THEN 1 ELSE 0 END) AS failed,
         SUM(CASE WHEN s.status = 'active' THEN 1 ELSE 0 END) AS active,
         MAX(s.started_at) AS last_started_at
    FROM agents a LEFT JOIN assignments s ON s.agent_id = a.id
   GROUP BY a.id, a.name, a.role, a.status;

CREATE VIEW project_progress AS
  SELECT p.id, p.key, p.name,
         COUNT(t.id) AS tasks,
         SUM(CASE WHEN t.status = 'done' THEN 1 ELSE 0 END) AS tasks_done,
         COALESCE(SUM(t.estimate_minutes), 0) / 60.0 AS hours,
         COALESCE(SUM(CASE WHEN t.status = 'done' THEN t.estimate_minutes END), 0) / 60.0 AS hours_done
    FROM projects p LEFT JOIN tasks t ON t.project_id = p.id AND t.status <> 'cancelled'
   GROUP BY p.id, p.key, p.name;

-- Health as of the last transition that reached the store; the API adds the age of the heartbeat held in memory.
CREATE VIEW agent_status AS
  SELECT a.id, a.name, a.model, a.role, h.name AS host, a.active, a.health, a.status, a.last_heartbeat
    FROM agents a LEFT JOIN hosts h ON h.id = a.host_id;

CREATE VIEW epic_progress AS
  SELECT e.id, e.project_id, e.number, e.title, e.gate_open, e.tasks, e.tasks_done,
         e.minutes / 60.0 AS hours, e.minutes_done / 60.0 AS hours_done,
         CASE WHEN e.minutes > 0 THEN 100.0 * e.minutes_done / e.minutes
              WHEN e.tasks > 0 THEN 100.0 * e.tasks_done / e.tasks ELSE 0 END AS percent
    FROM epics e;

CREATE VIEW task_dependencies AS
  SELECT t.id AS task_id, p.key || '-' || t.number AS key, d.id AS depends_on, p2.key || '-' || d.number AS depends_on_key,
         d.status AS depends_on_status, CASE WHEN d.status = 'done' THEN 1 ELSE 0 END AS satisfied, t.ready
    FROM edges e JOIN tasks t ON t.id = e.task_id JOIN projects p ON p.id = t.project_id
    JOIN tasks d ON d.id = e.depends_on JOIN projects p2 ON p2.id = d.project_id;
