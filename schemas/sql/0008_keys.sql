-- Keys over REST: when one was revoked, how many predictions were made with it, lists of an account's.

alter table keys add revoked_at timestamptz;
update keys set revoked_at = changed_at where status = 'revoked';
create index keys_account on keys (account, created_at desc);
create index key_usage_hour on key_usage (hour);

alter table key_usage add predictions bigint not null default 0;
