-- What people ask to be given back goes in parts: of what is refundable, how much was undone (given back, on its way, or
-- owed to the payer) and how much of that was valued at a mid; and whether our fee stays ours, which the first refund
-- chooses for all of them (NULL: none was asked for).

ALTER TABLE transfers ADD COLUMN unwound_minor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE transfers ADD COLUMN revalued_minor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE transfers ADD COLUMN refund_keeps_fee BOOLEAN;

-- So far only the whole was ever undone.
UPDATE transfers SET unwound_minor = total_minor WHERE EXISTS (
    SELECT 1 FROM movements m WHERE m.transfer_id = transfers.id AND m.kind = 'disbursement'
    AND (m.state IN ('declined', 'cancelled')
        OR m.state IN ('reversed', 'failed_later') AND transfers.status = 'disputed'));
UPDATE transfers SET refunded_minor = total_minor WHERE unwound_minor = total_minor AND EXISTS (
    SELECT 1 FROM movements m JOIN movements c ON c.reference = m.original
    WHERE m.transfer_id = transfers.id AND m.kind = 'refund' AND m.state = 'succeeded'
    AND (c.code IS NULL OR c.code NOT LIKE 'late_%'));
