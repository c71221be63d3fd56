-- Run by a superuser at each start: everything here may be there already.

-- Nothing is said of what is.
set client_min_messages = warning;

do $$
begin
    if not exists (select from pg_roles where rolname = 'provisioner') then
        create role provisioner;
    end if;
    execute format('grant connect on database %I to provisioner', current_database());
end
$$;
alter role provisioner login nosuperuser createdb nocreaterole noreplication nobypassrls inherit;

-- Sizes of databases whose owners let nobody in, and the end of workers that the server runs in a database that is dropped.
grant pg_read_all_stats, pg_signal_backend to provisioner;

create schema if not exists provisioning;
revoke all on schema provisioning from public;
grant usage on schema provisioning to provisioner;

create or replace function provisioning.check_name(name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if name is null or name !~ '^env_[0-9a-f]{32}$' then
        raise insufficient_privilege using message = format('%L is no role of an environment', name);
    end if;
end
$$;

-- Makes a role, or brings it to what it should be.
create or replace function provisioning.put_role(name text, connections bigint, verifier text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set client_min_messages = warning as $$
declare
    verb text := 'create';
begin
    perform provisioning.check_name(name);
    if verifier is null or verifier !~ '^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' then
        raise invalid_parameter_value using message = 'the password is no SCRAM verifier';
    end if;
    if exists (select from pg_roles where rolname = name) then
        verb := 'alter';
    end if;
    execute format(
        '%s role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls inherit connection limit %s password %L',
        verb, name, connections, verifier
    );
    execute format('grant %I to provisioner', name);
end
$$;

create or replace function provisioning.limit_role(name text, connections bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform provisioning.check_name(name);
    execute format('alter role %I connection limit %s', name, connections);
end
$$;

create or replace function provisioning.drop_role(name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform provisioning.check_name(name);
    execute format('drop role if exists %I', name);
end
$$;

-- Roles of environments that were made before there was this one.
do $$
declare
    name text;
begin
    for name in
        select rolname from pg_roles
        where rolname ~ '^env_[0-9a-f]{32}$' and not pg_has_role('provisioner', oid, 'usage')
    loop
        begin
            execute format('grant %I to provisioner', name);
        exception when undefined_object then
            -- Dropped just now.
            null;
        end;
    end loop;
end
$$;
