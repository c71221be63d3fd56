-- Emptying the table is a change too; it fires no trigger for rows.
create trigger events_no_truncate before truncate on mxid.events
    for each statement execute function mxid.events_refuse_change();
