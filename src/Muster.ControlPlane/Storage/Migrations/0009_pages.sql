-- expand
-- How far projects are is summed for pages of every viewer: from an index that holds all it takes, without a look at the tasks themselves.
CREATE INDEX tasks_by_state ON tasks (status, project_id, number, priority, ready, estimate_minutes, started_at);
DROP INDEX tasks_by_status;

-- What was over last comes first. Only what is over stands in it, so no report of progress touches it.
CREATE INDEX tasks_by_end ON tasks (status, completed_at) WHERE completed_at IS NOT NULL;
