-- Doors that hold: sessions are bound to a device and show where they are used from; a number can be changed by codes
-- at both ends; text messages to a country are paused when their codes are not used.

ALTER TABLE users ADD COLUMN phone_changed_at TIMESTAMPTZ;
ALTER TABLE users ADD COLUMN device_changed_at TIMESTAMPTZ;

-- A device's own id is held as a keyed hash; `device_id` is what the client called it, erased once the id is proven.
ALTER TABLE sessions ADD COLUMN device_hash BYTEA;
ALTER TABLE sessions ADD COLUMN device_proven BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN network TEXT;

ALTER TABLE otp_challenges ADD COLUMN device_hash BYTEA;
ALTER TABLE otp_challenges ADD COLUMN device_proven BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE otp_challenges DROP CONSTRAINT otp_challenges_purpose_check;
ALTER TABLE otp_challenges ADD CONSTRAINT otp_challenges_purpose_check
    CHECK (purpose IN ('sign_in', 'second_factor', 'phone_now', 'phone_next'));

CREATE TABLE devices (
    user_id        UUID NOT NULL,
    device_hash    BYTEA NOT NULL,
    first_seen_at  TIMESTAMPTZ NOT NULL,
    last_seen_at   TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, device_hash)
);

-- Codes sent in a minute to numbers of one country code, and how many of those were used.
CREATE TABLE sms_conversion (
    prefix        TEXT NOT NULL,
    window_start  TIMESTAMPTZ NOT NULL,
    sent          BIGINT NOT NULL,
    used          BIGINT NOT NULL,
    PRIMARY KEY (prefix, window_start)
);

-- The last pause of each country code; it is over when `until` has passed.
CREATE TABLE sms_pauses (
    prefix  TEXT PRIMARY KEY,
    since   TIMESTAMPTZ NOT NULL,
    until   TIMESTAMPTZ NOT NULL,
    sent    BIGINT NOT NULL,
    used    BIGINT NOT NULL
);
