-- What a batch writes leaves in one statement. A part of it that met other rows than were decided on makes all of it
-- fail, as a serialisation failure: then the batch is decided again over rows that are locked.

CREATE FUNCTION must_be(part TEXT, met BIGINT, wanted BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
    IF met <> wanted THEN
        RAISE EXCEPTION '% of % % were as they had been read', met, wanted, part USING ERRCODE = '40001';
    END IF;
    RETURN met;
END
$$;
