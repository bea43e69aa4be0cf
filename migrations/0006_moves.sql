-- What an operator asked for: to bring chunks to where the ring says, or to empty a server.
CREATE TABLE changes (
  id           uuid PRIMARY KEY,
  kind         text NOT NULL CHECK (kind IN ('rebalance', 'drain')),
  server_id    uuid REFERENCES storage_servers (id) ON DELETE CASCADE,
  state        text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'stopped', 'done')),
  started_at   timestamptz NOT NULL DEFAULT now(),
  ended_at     timestamptz,
  after_file   uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  after_number int NOT NULL DEFAULT -1,
  planned      boolean NOT NULL DEFAULT false,
  found        bigint NOT NULL DEFAULT 0,
  plan_at      timestamptz NOT NULL DEFAULT now(),
  chunks_done  bigint NOT NULL DEFAULT 0,
  bytes_done   bigint NOT NULL DEFAULT 0,
  problem      text
);
CREATE UNIQUE INDEX changes_at_work ON changes (kind, coalesce(server_id, '00000000-0000-0000-0000-000000000000'))
  WHERE state IN ('running', 'paused');
COMMENT ON COLUMN changes.after_file IS 'Segments up to this one were looked at in the present pass.';
COMMENT ON COLUMN changes.planned IS 'The pass has come to its end; when its moves are done, another one looks whether any is left.';

-- Chunks on their way. As with repairs, the intent that `claimed_by` names is the lease.
CREATE TABLE moves (
  file_id    uuid NOT NULL,
  segment    int  NOT NULL,
  index      int  NOT NULL,
  change_id  uuid NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
  chunk_id   text COLLATE "C" NOT NULL,
  to_server  uuid NOT NULL REFERENCES storage_servers (id) ON DELETE CASCADE,
  bytes      bigint NOT NULL,
  claimed_by uuid,
  PRIMARY KEY (file_id, segment, index),
  FOREIGN KEY (file_id, segment) REFERENCES segments (file_id, number) ON DELETE CASCADE
);
CREATE INDEX moves_by_change ON moves (change_id);
