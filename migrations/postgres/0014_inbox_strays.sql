-- Callbacks that no movement took are looked for by why: few of very many.

CREATE INDEX inbox_strays ON inbox (outcome, received_at, id)
    WHERE outcome NOT IN ('applied', 'asked', 'nothing_new', 'mandate_ended');
