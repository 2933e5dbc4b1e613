-- expand
-- A plane may write through several connections side by side. The number of the last batch of each tells one that lost its
-- connection in the middle of a commit whether that commit happened; in planes.batch only earlier releases keep it.
CREATE TABLE plane_writers (
  plane_id TEXT NOT NULL REFERENCES planes (id) ON DELETE CASCADE,
  writer   INTEGER NOT NULL,
  batch    BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (plane_id, writer)
);
