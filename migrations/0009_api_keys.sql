-- Keys of callers. A row is never deleted: once there is one, callers need keys, also when all are revoked.
CREATE TABLE api_keys (
  id          text        COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
  name        text        NOT NULL,
  secret_hash bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
  public_key  bytea       NOT NULL CHECK (octet_length(public_key) = 32),
  verbs       text[]      NOT NULL,
  places      text[]      NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  created_by  text        NOT NULL,
  expires_at  timestamptz,
  revoked_at  timestamptz
);
COMMENT ON COLUMN api_keys.secret_hash IS 'SHA-256 of the secret, which is an Ed25519 seed: 32 random bytes.';
COMMENT ON COLUMN api_keys.public_key IS 'Of the secret: links that were signed with it are checked without it.';
COMMENT ON COLUMN api_keys.places IS 'Each a bucket, a slash and what keys begin with; none for everywhere.';
COMMENT ON COLUMN api_keys.created_by IS 'The id of the key that made it; empty where none was needed.';
