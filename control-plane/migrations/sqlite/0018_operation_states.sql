-- Operations of all tenants are looked through by their state.
ALTER TABLE operations ADD COLUMN state TEXT NOT NULL DEFAULT '';
UPDATE operations SET state = body ->> '$.state';
CREATE INDEX operations_by_state ON operations (state, id);
