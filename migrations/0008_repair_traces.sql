ALTER TABLE repairs ADD COLUMN trace text;
COMMENT ON COLUMN repairs.trace IS
  'The W3C traceparent of what queued it: the trace of the repair links to it. Void where nothing was traced.';
