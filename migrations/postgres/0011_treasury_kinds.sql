-- What people say of our own money, besides what is sent: a float filled from our bank, and what was there before.
--
-- Such a movement has happened when it is written, so it holds nothing.

ALTER TABLE treasury_movements DROP CONSTRAINT treasury_movements_kind_check;
ALTER TABLE treasury_movements ADD CONSTRAINT treasury_movements_kind_check
    CHECK (kind IN ('sweep', 'top_up', 'opening', 'opening_bank'));
ALTER TABLE treasury_movements ALTER COLUMN hold DROP NOT NULL;
ALTER TABLE treasury_movements ADD CONSTRAINT treasury_movements_hold_check
    CHECK ((kind = 'sweep') = (hold IS NOT NULL));
