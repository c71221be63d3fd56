-- Emptying the trail is a change too; it fires no trigger for rows.
create trigger audit_events_no_truncate before truncate on audit_events
    for each statement execute function audit_events_refuse_change();
