-- What services record that prompts ask about, found by when it came: the observations themselves, and contacts that say whom
-- they were for.
create index statement_observed on statement (seq) where type = 'Observation' or (type = 'Encounter'
  and content @> '{"extension": [{"url": "https://skein.example/fhir/StructureDefinition/care-focus"}]}');

-- Answers of owners, and the events of prompts (all but those to verify first), for what became of each rule.
create index statement_answer on statement (seq) where type = 'Task';
create index event_prompt on event (at) where event ? 'prompt';

-- fact: a rule of prompts that switched itself off, since most of what it raised was dismissed; until a person has switched it on
create table prompt_rule (
  code text primary key, off_at timestamptz, on_at timestamptz);
