-- Doors that hold: sessions are bound to a device and show where they are used from; a number can be changed by codes
-- at both ends; text messages to a country are paused when their codes are not used.

ALTER TABLE users ADD COLUMN phone_changed_at TEXT;
ALTER TABLE users ADD COLUMN device_changed_at TEXT;

-- A device's own id is held as a keyed hash; `device_id` is what the client called it, erased once the id is proven.
ALTER TABLE sessions ADD COLUMN device_hash BLOB;
ALTER TABLE sessions ADD COLUMN device_proven INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN network TEXT;

-- SQLite cannot change a CHECK: the table is written anew.
CREATE TABLE otp_challenges_next (
    id             BLOB PRIMARY KEY,
    purpose        TEXT NOT NULL CHECK (purpose IN ('sign_in', 'second_factor', 'phone_now', 'phone_next')),
    phone_index    BLOB NOT NULL,
    phone          BLOB NOT NULL,
    user_id        BLOB,
    device_id      TEXT,
    code_hash      BLOB,
    attempts       INTEGER NOT NULL,
    consumed_at    TEXT,
    expires_at     TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    device_hash    BLOB,
    device_proven  INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO otp_challenges_next (id, purpose, phone_index, phone, user_id, device_id, code_hash, attempts,
                                 consumed_at, expires_at, created_at)
SELECT id, purpose, phone_index, phone, user_id, device_id, code_hash, attempts, consumed_at, expires_at, created_at
FROM otp_challenges;
DROP TABLE otp_challenges;
ALTER TABLE otp_challenges_next RENAME TO otp_challenges;
CREATE INDEX otp_challenges_by_phone ON otp_challenges (phone_index, created_at);
CREATE INDEX otp_challenges_by_expiry ON otp_challenges (expires_at);

CREATE TABLE devices (
    user_id        BLOB NOT NULL,
    device_hash    BLOB NOT NULL,
    first_seen_at  TEXT NOT NULL,
    last_seen_at   TEXT NOT NULL,
    PRIMARY KEY (user_id, device_hash)
) STRICT;

-- Codes sent in a minute to numbers of one country code, and how many of those were used.
CREATE TABLE sms_conversion (
    prefix        TEXT NOT NULL,
    window_start  TEXT NOT NULL,
    sent          INTEGER NOT NULL,
    used          INTEGER NOT NULL,
    PRIMARY KEY (prefix, window_start)
) STRICT;

-- The last pause of each country code; it is over when `until` has passed.
CREATE TABLE sms_pauses (
    prefix  TEXT PRIMARY KEY,
    since   TEXT NOT NULL,
    until   TEXT NOT NULL,
    sent    INTEGER NOT NULL,
    used    INTEGER NOT NULL
) STRICT;
