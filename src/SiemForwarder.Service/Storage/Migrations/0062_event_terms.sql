-- Users, clients, addresses and sessions are found at once, however many events a day has: an index over what a search asks for, five numbers an event.
-- An address with a port, or written as IPv6 in any form, is found by its one canonical form.
CREATE FUNCTION event_terms(user_id text, user_name text, client_id text, ip text, session_id text) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY[hashtext(lower(user_id)), hashtext(lower(user_name)), hashtext(client_id), hashtext(session_id), hashtext(
        CASE WHEN ip LIKE '%:%' THEN coalesce(
            host((regexp_match(lower(btrim(split_part(ip, ',', 1))), '^\[?(?:::ffff:)?((?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])[.]){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9]))(?:\]?:[0-9]{1,5}|\])?$'))[1]::inet),
            host((regexp_match(lower(btrim(split_part(ip, ',', 1))), '^\[?((?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}:[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,5}(?::[0-9a-f]{1,4}){1,2}|(?:[0-9a-f]{1,4}:){1,4}(?::[0-9a-f]{1,4}){1,3}|(?:[0-9a-f]{1,4}:){1,3}(?::[0-9a-f]{1,4}){1,4}|(?:[0-9a-f]{1,4}:){1,2}(?::[0-9a-f]{1,4}){1,5}|[0-9a-f]{1,4}:(?::[0-9a-f]{1,4}){1,6}|:(?::[0-9a-f]{1,4}){1,7}|(?:[0-9a-f]{1,4}:){1,7}:|::)(?:\](?::[0-9]{1,5})?)?$'))[1]::inet))
        ELSE lower(btrim(split_part(ip, ',', 1))) END)]
$$;

-- Only days that begin from now on get it: building it for the days that are there could take minutes, in which nothing could be indexed.
CREATE INDEX event_index_by_term ON ONLY event_index USING gin (event_terms(user_id, user_name, client_id, ip, session_id));
