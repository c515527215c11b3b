-- Nothing here: on SQLite the writer has the book to itself, so that nothing changes between reading and writing.
SELECT 1;
