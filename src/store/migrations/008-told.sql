-- What each subscription was told of and has not been told to forget: the focus of every event it was given a number for. Kept
-- longer than the notifications, since what was told may become unreadable years later. No foreign key: it would be checked for
-- every notification.
create table told (
  id uuid not null, subscription_id uuid not null, type text not null, primary key (id, subscription_id, type));
insert into told (id, subscription_id, type)
  select distinct (e.event -> 'focus' ->> 'id')::uuid, n.subscription_id, e.event -> 'focus' ->> 'type'
    from notification n join event e on e.id = n.event_id
   where not n.withheld and e.event ->> 'code' not in ('withdrawn', 'member-unlinked', 'person-merged');

-- What the passing of time takes away: care that closed long enough ago, and infants who are nobody's infant any more.
create index involvement_until on involvement (until) where state = 'closed';
create index member_closes on member (closes) where closes is not null;
