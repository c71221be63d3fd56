-- The package that serves, beside the one that is wanted: while a deployment is under way, and until it
-- has succeeded, what is needed to go back must not be deleted.
alter table environments add column live_package_id uuid constraint environments_live_package_fkey references packages (id);
update environments set live_package_id = package_id;
create index environments_live_package_idx on environments (live_package_id);
