-- What a daemon tells of itself besides: where it stands, how often it gives a sign of life, and why its disk takes no
-- writes; empty where it does.
ALTER TABLE storage_servers
  ADD COLUMN zone         text NOT NULL DEFAULT '',
  ADD COLUMN heartbeat_ms int  NOT NULL DEFAULT 10000 CHECK (heartbeat_ms > 0),
  ADD COLUMN disk_trouble text NOT NULL DEFAULT '';
