-- The file that was deleted last under a key is looked for when it is to be brought back by its key alone.
CREATE INDEX deleted_files_by_key ON deleted_files (bucket, key, until);
