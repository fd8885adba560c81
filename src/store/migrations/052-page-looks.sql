-- Up to when somebody has seen a journey on its page, by their own word. who: a keyed name of the person and of the
-- service that they look for; no more is kept of them.
create table page_look (
  who uuid not null, journey uuid not null, at timestamptz not null, primary key (who, journey));
