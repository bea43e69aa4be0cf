ALTER TABLE storage_servers ADD COLUMN scrub jsonb;
COMMENT ON COLUMN storage_servers.scrub IS
  'How far its disk has been read again, as the daemon told last: {from, place, periodSeconds} of shared/scrub_turns.ts.';
