-- The organization that somebody votes for, where that is what they are in the tenant.
ALTER TABLE memberships ADD COLUMN organization TEXT;
ALTER TABLE invitations ADD COLUMN organization TEXT;
