-- The last runs on one thing are looked up whenever that thing is shown.

create index sagas_by_subject on sagas (subject, created_at desc, id desc);
