-- Companies and the people who work for them.
create table companies (
    id uuid primary key,
    name text not null constraint companies_name_key unique,
    residency_required boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table people (
    id uuid primary key,
    company_id uuid not null constraint people_company_fkey references companies (id),
    email text not null constraint people_email_key unique constraint people_email_lower check (email = lower(email)),
    name text not null,
    role text not null constraint people_role_check check (role in ('customer', 'customer_success', 'admin')),
    -- Who vouches for the person: both null until the first sign-in.
    issuer text,
    subject text,
    deactivated_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint people_issuer_subject_key unique (issuer, subject),
    constraint people_company_id_key unique (company_id, id)
);
