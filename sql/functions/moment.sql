-- Dates that files made up.
create or replace function corpus.moment(written text)
returns timestamptz
language plpgsql
stable
as $$
begin
    return written::timestamptz;
exception when others then
    return null;  -- a date that a file made up must not break everybody's search
end
$$;
comment on function corpus.moment(text) is 'A date as a file gave it, or null when it is none.';
