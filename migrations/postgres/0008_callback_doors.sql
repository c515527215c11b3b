-- Callbacks that prove nothing come to a path of their own per movement, with a token that only the provider was told:
-- the path says which movement to ask about.

ALTER TABLE inbox ADD COLUMN movement UUID;
