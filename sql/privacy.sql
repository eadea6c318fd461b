-- privacy: who read personal data. What a person agreed to: sql/consent.sql; export,
-- erasure and joining: sql/person.sql (law 18-07).

CREATE FUNCTION mjc.access_note(actor uuid, channel text, action text, subject uuid, persons integer, request_id text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO mjc.personal_access (access_id, at, actor, db_login, channel, action, subject, persons, request_id)
    VALUES (mjc.uuid_v7(), clock_timestamp(), access_note.actor, session_user, access_note.channel, access_note.action,
            access_note.subject, coalesce(access_note.persons, CASE WHEN access_note.subject IS NULL THEN 0 ELSE 1 END),
            access_note.request_id);
END
$$;
COMMENT ON FUNCTION mjc.access_note(uuid, text, text, uuid, integer, text) IS
    'For rules in SQL: notes that somebody read personal columns: of the person subject (customer or account), or of so many persons in a list';

CREATE FUNCTION mjc.access_purge(batch integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
    days bigint := (SELECT s.integer_value FROM mjc.setting s WHERE s.name = 'personal_access_days');
BEGIN
    DELETE FROM mjc.personal_access a
     WHERE a.access_id = ANY (ARRAY(SELECT x.access_id FROM mjc.personal_access x
                            WHERE x.at < clock_timestamp() - make_interval(days => days::integer)
                            ORDER BY x.at LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION mjc.access_purge(integer) IS
    'Forgets who read personal data longer ago than setting personal_access_days; returns the number of rows. Run by a job';
