-- each row of a file asks, under the file's lock, whether another process has stored it meanwhile
drop index record_message;
create index record_message on record (message_id, position);
