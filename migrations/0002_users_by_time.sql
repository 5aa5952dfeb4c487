-- The daily digest counts the users of a day by this index and never reads the table.
CREATE INDEX users_by_time ON users (created_at);
