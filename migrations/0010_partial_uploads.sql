-- A part of a file that is sent as an upload of its own, to be put together with others: it becomes no file by itself, and
-- may have no place yet: then its bucket is empty, and its key is its id.
ALTER TABLE upload_sessions ADD COLUMN partial boolean NOT NULL DEFAULT false;
