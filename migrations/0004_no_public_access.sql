-- Roles of environments may live on the same server: they get no way into this database.
do $$
begin
    execute format('revoke all on database %I from public', current_database());
end
$$;
