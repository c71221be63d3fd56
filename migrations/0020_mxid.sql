-- The OpenID Connect provider. Nothing outside this schema refers to it, and it refers to nothing outside.
create schema mxid;

create table mxid.accounts (
    id uuid constraint accounts_pkey primary key,
    email text not null constraint accounts_email_key unique constraint accounts_email_lower check (email = lower(email)),
    name text not null,
    password_hash text not null,
    deactivated_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- One row per browser that is signed in. The cookie holds the id; only its SHA-256 is kept.
create table mxid.sessions (
    id_hash bytea constraint sessions_pkey primary key,
    account_id uuid not null constraint sessions_account_fkey references mxid.accounts (id) on delete cascade,
    authenticated_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null
);
create index sessions_account_idx on mxid.sessions (account_id);
create index sessions_expires_idx on mxid.sessions (expires_at);

-- What a client asked for, kept here while the person signs in.
create table mxid.authorization_requests (
    id_hash bytea constraint authorization_requests_pkey primary key,
    client_id text not null,
    redirect_uri text not null,
    scope text not null,
    state text,
    nonce text,
    code_challenge text not null,
    login_hint text,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index authorization_requests_expires_idx on mxid.authorization_requests (expires_at);

-- A used code stays for a while, so that its second use is noticed. Ending the session ends its codes.
create table mxid.codes (
    id uuid constraint codes_pkey primary key,
    code_hash bytea not null constraint codes_code_hash_key unique,
    session_id_hash bytea not null constraint codes_session_fkey references mxid.sessions (id_hash) on delete cascade,
    client_id text not null,
    redirect_uri text not null,
    scope text not null,
    nonce text,
    code_challenge text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index codes_session_idx on mxid.codes (session_id_hash);
create index codes_expires_idx on mxid.codes (expires_at);

create table mxid.access_tokens (
    token_hash bytea constraint access_tokens_pkey primary key,
    code_id uuid not null constraint access_tokens_code_fkey references mxid.codes (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index access_tokens_code_idx on mxid.access_tokens (code_id);
create index access_tokens_expires_idx on mxid.access_tokens (expires_at);

-- Signing keys. At most one signs; all are published.
create table mxid.keys (
    kid text constraint keys_pkey primary key,
    private_key_pem text not null,
    signing boolean not null,
    created_at timestamptz not null
);
create unique index keys_signing_key on mxid.keys (signing) where signing;

-- Who signed in, who was refused. Rows are added, never changed; what was typed is never kept.
create table mxid.events (
    id bigint generated always as identity constraint events_pkey primary key,
    at timestamptz not null,
    kind text not null constraint events_kind_check check (
        kind in ('signed_in', 'sign_in_refused', 'sign_in_limited', 'signed_out', 'code_reused')
    ),
    account_id uuid,
    client_id text,
    request_id text not null,
    from_address text not null
);
create index events_account_idx on mxid.events (account_id, at desc, id desc);

create function mxid.events_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'sign-in events are never changed';
end
$$;

create trigger events_append_only before update or delete on mxid.events
    for each row execute function mxid.events_refuse_change();
