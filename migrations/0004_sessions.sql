-- An upload of one file in parts. Its row plays the part of an intent: whoever deletes it decides, and its id alone names
-- every chunk that may exist for it. Whatever changes a session's parts or their chunks locks this row first.
CREATE TABLE upload_sessions (
  id           uuid PRIMARY KEY,
  bucket       text COLLATE "C" NOT NULL,
  key          bytea NOT NULL,
  content_type text NOT NULL,
  metadata     jsonb NOT NULL DEFAULT '{}',
  if_absent    boolean NOT NULL,
  size         bigint CHECK (size >= 0),
  sha256       bytea,
  received     bigint NOT NULL DEFAULT 0,
  parts        int NOT NULL DEFAULT 0,
  next_segment int NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL
);
CREATE INDEX upload_sessions_by_expiry ON upload_sessions (expires_at);
COMMENT ON COLUMN upload_sessions.size IS 'What was declared; null where nothing was. The same for sha256.';
COMMENT ON COLUMN upload_sessions.next_segment IS
  'Numbers of segments name chunks and seed their checksums: each is given out once, also for a part that is sent again.';

-- What has arrived: each row becomes a segment of the file. Rows of a session never overlap.
CREATE TABLE parts (
  upload_id  uuid   NOT NULL REFERENCES upload_sessions (id) ON DELETE CASCADE,
  "offset"   bigint NOT NULL CHECK ("offset" >= 0),
  length     bigint NOT NULL CHECK (length > 0),
  segment    int    NOT NULL,
  k          int    NOT NULL,
  m          int    NOT NULL,
  block_size int    NOT NULL,
  sha256     bytea  NOT NULL,
  inline     bytea,
  PRIMARY KEY (upload_id, "offset"),
  UNIQUE (upload_id, segment)
);

CREATE TABLE part_chunks (
  upload_id uuid   NOT NULL,
  segment   int    NOT NULL,
  index     int    NOT NULL CHECK (index BETWEEN 0 AND 5),
  chunk_id  text COLLATE "C" NOT NULL UNIQUE,
  server_id uuid   NOT NULL REFERENCES storage_servers (id) ON DELETE RESTRICT,
  length    bigint NOT NULL,
  sha256    bytea  NOT NULL,
  PRIMARY KEY (upload_id, segment, index),
  FOREIGN KEY (upload_id, segment) REFERENCES parts (upload_id, segment) ON DELETE CASCADE
);
CREATE INDEX part_chunks_of_server ON part_chunks (server_id, chunk_id);

-- A small part lives here, and has no chunks.
ALTER TABLE segments ADD COLUMN inline bytea;
ALTER TABLE files ADD COLUMN tree_sha256 bytea;
-- Of a session: the file that it became, so that completing it again gets the same answer whatever became of the file.
ALTER TABLE outcomes ADD COLUMN file jsonb;

COMMENT ON COLUMN segments.number IS 'Names chunks. The order of a file is that of offset.';
COMMENT ON COLUMN garbage.chunk_id IS
  'A chunk, or the beginning of the names of all chunks that are meant: the UUID of a writer, or <uuid>.<segment>. (with the dot).';
