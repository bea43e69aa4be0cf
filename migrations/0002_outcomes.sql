-- An upload without an intent (its bytes are inline) whose commit's answer was lost is fenced: a row with
-- committed = false makes that commit fail, should it still come.
ALTER TABLE outcomes ADD COLUMN committed boolean NOT NULL DEFAULT true;

COMMENT ON COLUMN garbage.chunk_id IS
  'A chunk, or the UUID of a writer: then all chunks of that writer on the server.';
