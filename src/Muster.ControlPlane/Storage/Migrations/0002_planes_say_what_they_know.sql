-- expand
-- The newest step that a plane's program knows, so that no step takes away what one that runs still needs; and its release, for people.
ALTER TABLE planes ADD COLUMN knows INTEGER NOT NULL DEFAULT 1;
ALTER TABLE planes ADD COLUMN version TEXT;
