-- expand
-- What an agent has open has an index of its own. The condition is in other words than that of assignments_one_active: a planner that
-- believes both to be small takes either, and the other one, read from end to end, holds all that has ended while a snapshot is held.
CREATE INDEX assignments_open_of_agent ON assignments (agent_id, started_at) WHERE ended_at IS NULL;
DROP INDEX assignments_open_by_age;
