-- expand
-- Counting what an agent has open begins where its oldest open assignment began, not at those that ended long ago.
CREATE INDEX assignments_open_by_age ON assignments (agent_id, started_at) WHERE status = 'active';
DROP INDEX assignments_open_by_agent;
