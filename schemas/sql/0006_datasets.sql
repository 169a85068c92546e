-- Uploads are found by name too, and versions by the upload they were built of.

create index uploads_name on uploads (account, name, created_at desc);
create index versions_dataset on versions (account, dataset_id);
