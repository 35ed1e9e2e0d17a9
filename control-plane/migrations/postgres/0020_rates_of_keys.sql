-- How many requests a key may make in a second; NULL: as many as its tenant.
ALTER TABLE api_keys ADD COLUMN requests_per_second BIGINT;
