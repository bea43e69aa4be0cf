-- What an open upload in parts has stored is repaired like what files have: its rows seen as those of the file that it
-- may become.
CREATE VIEW stored_files AS
  SELECT id, bucket, key, content_type FROM files
  UNION ALL SELECT id, bucket, key, content_type FROM upload_sessions;
CREATE VIEW stored_segments AS
  SELECT file_id, number, "offset", length, k, m, block_size, inline, false AS of_part FROM segments
  UNION ALL SELECT upload_id, segment, "offset", length, k, m, block_size, inline, true FROM parts;
CREATE VIEW stored_chunks AS
  SELECT file_id, segment, index, chunk_id, server_id, length, sha256 FROM chunks
  UNION ALL SELECT upload_id, segment, index, chunk_id, server_id, length, sha256 FROM part_chunks;

CREATE INDEX part_chunks_in_disk_order ON part_chunks (server_id, (substring(chunk_id FROM 33 FOR 4)), chunk_id);
DROP INDEX part_chunks_of_server;

-- A repair goes with its segment or with its part, and stays when the one becomes the other.
ALTER TABLE repairs ADD COLUMN of_part boolean NOT NULL DEFAULT false;
ALTER TABLE repairs ADD COLUMN of_file uuid GENERATED ALWAYS AS (CASE WHEN NOT of_part THEN file_id END) STORED;
ALTER TABLE repairs ADD COLUMN of_upload uuid GENERATED ALWAYS AS (CASE WHEN of_part THEN file_id END) STORED;
ALTER TABLE repairs DROP CONSTRAINT repairs_file_id_segment_fkey;
ALTER TABLE repairs ADD FOREIGN KEY (of_file, segment) REFERENCES segments (file_id, number) ON DELETE CASCADE;
ALTER TABLE repairs ADD FOREIGN KEY (of_upload, segment) REFERENCES parts (upload_id, segment) ON DELETE CASCADE;
CREATE INDEX repairs_of_file ON repairs (of_file, segment) WHERE of_file IS NOT NULL;
CREATE INDEX repairs_of_upload ON repairs (of_upload, segment) WHERE of_upload IS NOT NULL;
COMMENT ON COLUMN repairs.file_id IS 'The file, or the open upload in parts.';

COMMENT ON COLUMN storage_servers.gone_queued_at IS
  'All chunks of the server, being away, were queued for repair then; infinity while they are being queued.';

-- Until now these were queued when the upload was complete.
INSERT INTO repairs (file_id, segment, index, of_part, reason, gone_server)
SELECT s.file_id, s.number, i, true, CASE WHEN c.chunk_id IS NULL THEN 'not written in time' ELSE 'its server is away' END, v.id
FROM stored_segments s CROSS JOIN LATERAL generate_series(0, s.k + s.m - 1) AS i
LEFT JOIN stored_chunks c ON c.file_id = s.file_id AND c.segment = s.number AND c.index = i
LEFT JOIN storage_servers v ON v.id = c.server_id AND v.gone_queued_at IS NOT NULL
WHERE s.of_part AND s.inline IS NULL AND (c.chunk_id IS NULL OR v.id IS NOT NULL);
