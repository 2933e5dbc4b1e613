-- expand
-- Tasks that were done before this are counted in the tables below, by whole days; later ones are counted when somebody asks.
CREATE TABLE done_counted (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  until BIGINT NOT NULL
);
INSERT INTO done_counted (id, until) VALUES (1, 0);

-- What was done, by the hours in which it was made and done, counted from 1970.
CREATE TABLE done_by_hour (
  done_hour  BIGINT NOT NULL,
  made_hour  BIGINT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  -- Whether the crew worked on it: what was imported as done was nobody's work.
  worked     INTEGER NOT NULL CHECK (worked IN (0, 1)),
  tasks      BIGINT NOT NULL CHECK (tasks > 0),
  minutes    BIGINT NOT NULL CHECK (minutes >= 0),
  -- When the first of them was begun.
  started_at BIGINT,
  PRIMARY KEY (done_hour, made_hour, project_id, worked)
);

-- Attempts at what was done, by the day on which it was.
CREATE TABLE attempts_by_day (
  day        BIGINT NOT NULL,
  agent_id   TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  attempts   BIGINT NOT NULL CHECK (attempts > 0),
  completed  BIGINT NOT NULL CHECK (completed >= 0),
  failed     BIGINT NOT NULL CHECK (failed >= 0),
  busy       BIGINT NOT NULL,
  minutes    BIGINT NOT NULL CHECK (minutes >= 0),
  PRIMARY KEY (day, agent_id, project_id)
);

-- What was over last comes first, as before; and what is counted of it is in the index, so that the days not yet counted above are read from it alone.
CREATE INDEX tasks_over ON tasks (status, completed_at, project_id, estimate_minutes, started_at, created_at) WHERE completed_at IS NOT NULL;
DROP INDEX tasks_by_end;

-- Of all the pull requests of years, those of a task, and those of which something is still to come.
CREATE INDEX pulls_by_task ON pulls (task_id, id);
CREATE INDEX pulls_by_state ON pulls (state, id);
