-- Servers and their places on the ring. A daemon registers itself; its row stays while a chunk names it.
CREATE TABLE storage_servers (
  id             uuid PRIMARY KEY,
  incarnation    uuid NOT NULL,
  grpc_address   text NOT NULL,
  http_address   text NOT NULL,
  state          text NOT NULL CHECK (state IN ('active', 'full', 'draining', 'stopped')),
  weight         double precision NOT NULL DEFAULT 1 CHECK (weight > 0),
  free_bytes     bigint NOT NULL,
  used_bytes     bigint NOT NULL,
  registered_at  timestamptz NOT NULL DEFAULT now(),
  last_heartbeat timestamptz NOT NULL DEFAULT now()
);

-- XXH64 as a signed bigint; the gateway reads it back as unsigned.
CREATE TABLE hash_ring_nodes (
  server_id uuid   NOT NULL REFERENCES storage_servers (id) ON DELETE CASCADE,
  node      int    NOT NULL,
  position  bigint NOT NULL,
  PRIMARY KEY (server_id, node)
);

-- One row: which cluster this database belongs to. A daemon keeps the id beside its chunks and refuses another.
CREATE TABLE cluster (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  id     uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO cluster DEFAULT VALUES;

CREATE TABLE buckets (
  name       text COLLATE "C" PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- A visible file. Its id is the upload's. Small ones keep their bytes here, and have no segments.
CREATE TABLE files (
  id           uuid PRIMARY KEY,
  bucket       text COLLATE "C" NOT NULL REFERENCES buckets (name) ON DELETE CASCADE,
  key          bytea NOT NULL,
  size         bigint NOT NULL CHECK (size >= 0),
  content_type text NOT NULL,
  sha256       bytea,
  metadata     jsonb NOT NULL DEFAULT '{}',
  inline       bytea,
  created_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (bucket, key)
);

CREATE TABLE segments (
  file_id    uuid   NOT NULL REFERENCES files (id) ON DELETE CASCADE,
  number     int    NOT NULL,
  "offset"   bigint NOT NULL,
  length     bigint NOT NULL CHECK (length > 0),
  k          int    NOT NULL,
  m          int    NOT NULL,
  block_size int    NOT NULL,
  sha256     bytea  NOT NULL,
  PRIMARY KEY (file_id, number)
);

CREATE TABLE chunks (
  file_id   uuid   NOT NULL,
  segment   int    NOT NULL,
  index     int    NOT NULL CHECK (index BETWEEN 0 AND 5),
  chunk_id  text COLLATE "C" NOT NULL UNIQUE,
  server_id uuid   NOT NULL REFERENCES storage_servers (id) ON DELETE RESTRICT,
  length    bigint NOT NULL,
  sha256    bytea  NOT NULL,
  state     text   NOT NULL DEFAULT 'stored' CHECK (state IN ('stored', 'damaged')),
  PRIMARY KEY (file_id, segment, index),
  FOREIGN KEY (file_id, segment) REFERENCES segments (file_id, number) ON DELETE CASCADE
);
CREATE INDEX chunks_by_server ON chunks (server_id);

-- Chunk files to remove from a daemon's disk once the grace time is over.
CREATE TABLE garbage (
  chunk_id  text COLLATE "C" NOT NULL,
  server_id uuid NOT NULL REFERENCES storage_servers (id) ON DELETE RESTRICT,
  due_at    timestamptz NOT NULL,
  attempts  int NOT NULL DEFAULT 0,
  PRIMARY KEY (server_id, chunk_id)
);
CREATE INDEX garbage_by_due ON garbage (due_at);

-- An upload that has begun. Whoever deletes the row decides: the commit, or the cleanup. Its id alone names
-- every chunk that may exist for it (the prefix of their ids).
CREATE TABLE intents (
  id          uuid PRIMARY KEY,
  lease_until timestamptz NOT NULL
);
CREATE INDEX intents_by_lease ON intents (lease_until);

-- What became of an upload, kept for 24 hours whatever becomes of the file.
CREATE TABLE outcomes (
  upload_id    uuid PRIMARY KEY,
  committed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outcomes_by_time ON outcomes (committed_at);

-- Chunks that a committed file lacks. Queued in the transaction that made the file visible.
CREATE TABLE repairs (
  file_id   uuid NOT NULL,
  segment   int  NOT NULL,
  index     int  NOT NULL,
  reason    text NOT NULL,
  queued_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (file_id, segment, index),
  FOREIGN KEY (file_id, segment) REFERENCES segments (file_id, number) ON DELETE CASCADE
);
