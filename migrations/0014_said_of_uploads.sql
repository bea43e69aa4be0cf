-- What was said of an upload when it was opened, in the words of who did: tus wants it told again to whoever asks.
ALTER TABLE upload_sessions ADD COLUMN said text;
