-- managed by Pulumi; edit components/templates/pgbackrest/facts.sql
-- What a database has at one moment: rows and the newest number of each table, and where in the log that moment is.
-- A primary marks the moment in its log, so that a restore can stop there even when nothing was written afterwards.
SELECT json_build_object(
    'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'lsn', CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_create_restore_point('facts') END,
    'tables', json_object_agg(
        name,
        json_build_object(
            'rows', (xpath('/row/rows/text()', counted))[1]::text::bigint,
            'newest', (xpath('/row/newest/text()', counted))[1]::text::bigint
        )
        ORDER BY name
    )
)
FROM (
    SELECT
        format('%I.%I', nspname, relname) AS name,
        query_to_xml(
            format('SELECT count(*) AS rows, %s AS newest FROM %I.%I', newest, nspname, relname), false, true, ''
        ) AS counted
    FROM pg_class
    JOIN pg_namespace n ON n.oid = relnamespace,
    LATERAL (
        SELECT coalesce(min(format('max(%I)', attname)), 'NULL') AS newest
        FROM pg_attribute
        WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        AND pg_get_serial_sequence(format('%I.%I', nspname, relname), attname) IS NOT NULL
    ) AS numbered
    WHERE relkind = 'r' AND relpersistence = 'p' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
) AS tables;
