-- The users, and what is still owed to each of them.
CREATE TABLE users (
  -- Chosen by the client or drawn at random. Never beyond what a JavaScript number holds exactly.
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 9007199254740991),
  -- The address as given, its domain in ASCII: what mail is sent to.
  email TEXT NOT NULL,
  -- The address in lower case: what makes two addresses the same.
  email_key TEXT NOT NULL UNIQUE,
  -- Times in epoch milliseconds.
  created_at INTEGER NOT NULL,
  -- Set once the welcome e-mail was accepted for delivery.
  welcomed_at INTEGER,
  -- The recorded job that has taken over the welcome, when it did not work right after sign-up.
  welcome_job_id TEXT,
  -- The recorded job that draws the image. NULL: not handed over yet.
  image_job_id TEXT,
  -- Set when that job failed for good.
  image_failed_at INTEGER,
  -- SHA-256 of the Idempotency-Key that made this user, and of the request it came with.
  key_hash TEXT,
  request_hash TEXT
) STRICT;

CREATE UNIQUE INDEX users_by_key ON users (key_hash) WHERE key_hash IS NOT NULL;

-- Only users to whom something is owed are in this index: the watchdog reads it and never the table.
CREATE INDEX users_owed ON users (created_at)
  WHERE image_job_id IS NULL OR (welcomed_at IS NULL AND welcome_job_id IS NULL);
