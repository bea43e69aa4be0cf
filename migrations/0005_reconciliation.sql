-- How often this database was confirmed to be the right one after it had gone back in time, and why it is doubted now.
ALTER TABLE cluster ADD COLUMN generation bigint NOT NULL DEFAULT 1;
ALTER TABLE cluster ADD COLUMN doubt text;
-- Counts a server's heartbeats. The daemon remembers the newest: a database with an older one has gone back in time.
ALTER TABLE storage_servers ADD COLUMN beat bigint NOT NULL DEFAULT 0;

ALTER TABLE storage_servers DROP CONSTRAINT storage_servers_state_check;
ALTER TABLE storage_servers ADD CONSTRAINT storage_servers_state_check
  CHECK (state IN ('active', 'full', 'draining', 'stopped', 'removed'));
ALTER TABLE storage_servers ADD COLUMN draining_since timestamptz;
ALTER TABLE intents ADD COLUMN began_at timestamptz NOT NULL DEFAULT now();

-- The comparison of a server's disk with the rows that name its chunks. `due_at` lies ahead while a gateway is at it.
CREATE TABLE reconciliations (
  server_id uuid PRIMARY KEY REFERENCES storage_servers (id) ON DELETE CASCADE,
  due_at    timestamptz NOT NULL DEFAULT now(),
  state     text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'halted', 'allowed')),
  listed    bigint NOT NULL DEFAULT 0,
  strays    bigint NOT NULL DEFAULT 0,
  lost      bigint NOT NULL DEFAULT 0,
  ended_at  timestamptz
);
COMMENT ON COLUMN reconciliations.state IS 'halted: it found too many strays and waits for an operator; allowed: who said yes.';

-- The chunks of a server in the order in which its daemon lists them: by folder, then by name.
CREATE INDEX chunks_in_disk_order ON chunks (server_id, (substring(chunk_id FROM 33 FOR 4)), chunk_id);
DROP INDEX chunks_of_server;
