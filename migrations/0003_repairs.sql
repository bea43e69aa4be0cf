-- Repairs are worked on by any gateway. The intent that `claimed_by` names is the lease: while it lives, nobody else begins.
ALTER TABLE repairs ADD COLUMN spare int NOT NULL DEFAULT 0;
ALTER TABLE repairs ADD COLUMN state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'parked'));
ALTER TABLE repairs ADD COLUMN due_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE repairs ADD COLUMN attempts int NOT NULL DEFAULT 0;
ALTER TABLE repairs ADD COLUMN problem text;
ALTER TABLE repairs ADD COLUMN asked boolean NOT NULL DEFAULT false;
ALTER TABLE repairs ADD COLUMN claimed_by uuid;
ALTER TABLE repairs ADD COLUMN gone_server uuid REFERENCES storage_servers (id) ON DELETE CASCADE;
CREATE INDEX repairs_by_risk ON repairs (state, spare, due_at);
CREATE INDEX repairs_by_gone_server ON repairs (gone_server) WHERE gone_server IS NOT NULL;

COMMENT ON COLUMN repairs.spare IS 'How many more chunks the segment could lose when this was queued; the least goes first.';
COMMENT ON COLUMN repairs.problem IS 'What the last try failed of.';
COMMENT ON COLUMN repairs.asked IS 'An operator wants it now, whatever holds back the others.';
COMMENT ON COLUMN repairs.gone_server IS 'Queued only because this server was away; void once it is back.';

-- Chunks of one server in the order of their names, a page at a time.
CREATE INDEX chunks_of_server ON chunks (server_id, chunk_id);
DROP INDEX chunks_by_server;

-- A damaged chunk is kept aside for a while after its replacement, and not lost at once.
ALTER TABLE garbage ADD COLUMN set_aside boolean NOT NULL DEFAULT false;

-- When a server was last seen to come (back). What was hopeless before is looked at again.
ALTER TABLE storage_servers ADD COLUMN joined_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE storage_servers ADD COLUMN gone_queued_at timestamptz;
COMMENT ON COLUMN storage_servers.gone_queued_at IS 'All chunks of the server, being away, were queued for repair then.';
