-- What a waiting request still asks of the session that answers it, so that it can be answered from one
-- that was begun meanwhile, in another tab.
alter table mxid.authorization_requests
    add column prompt text not null default 'when_needed' constraint authorization_requests_prompt_check check (
        prompt in ('when_needed', 'login', 'none')
    ),
    add column max_age_seconds bigint,
    add column hinted_account_id uuid;
