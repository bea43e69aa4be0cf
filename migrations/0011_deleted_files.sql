-- Files that were deleted and can be brought back, for as long as all of their chunks are still on the disks.
CREATE TABLE deleted_files (
  id       uuid PRIMARY KEY,
  bucket   text COLLATE "C" NOT NULL,
  key      bytea NOT NULL,
  file     jsonb NOT NULL,
  segments jsonb NOT NULL,
  chunks   jsonb NOT NULL,
  until    timestamptz NOT NULL
);
CREATE INDEX deleted_files_by_end ON deleted_files (until);

COMMENT ON COLUMN deleted_files.file IS 'Its row of files as it was; segments and chunks: arrays of theirs.';
