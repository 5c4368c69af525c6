-- serving: the query log knows what was considered, decided and spent, and an answer can be read again after a restart.
-- squawk-ignore-file constraint-missing-not-valid
set local lock_timeout = '5s';
set local statement_timeout = '60s';

alter table serving.queries
add column rewritten text,
add column filters jsonb not null default '{}',
add column as_of timestamptz,
add column candidates jsonb not null default '[]';
comment on column serving.queries.question is 'What was asked, without personal data.';
comment on column serving.queries.rewritten is 'What was searched, where that differs from what was asked.';
comment on column serving.queries.filters is 'What the search was narrowed to.';
comment on column serving.queries.as_of is 'The time that was looked back to.';
comment on column serving.queries.hits is 'Ids of the passages an answer may rest on, with ranks and score, best first.';
comment on column serving.queries.candidates is 'All that was considered: chunk, both ranks, scores.';

alter table serving.answers
add column cache_state text check (cache_state in ('hit', 'miss', 'off')),
add column cache_reason text,
add column cache_similarity real,
add column cached_answer_id uuid,
add column tier text check (tier in ('light', 'strong', 'none')),
add column route_reason text,
add column degraded text,
add column cost double precision,
add column groundedness real check (groundedness between 0 and 1),
add column removed_citations integer not null default 0,
add column seconds double precision;
comment on column serving.answers.cache_state is 'What the cache of answers said: hit, miss, or off when the question is not to be cached.';
comment on column serving.answers.cache_reason is 'Why.';
comment on column serving.answers.cache_similarity is 'Centred cosine to the nearest cached question.';
comment on column serving.answers.cached_answer_id is 'The answer that was given again.';
comment on column serving.answers.tier is 'Which model the question was sent to; none when no language model wrote.';
comment on column serving.answers.route_reason is 'Why that one.';
comment on column serving.answers.degraded is 'Why the model did not write it; null when it did.';
comment on column serving.answers.cost is 'In the currency of the prices that were set; null without a price.';
comment on column serving.answers.groundedness is 'Share of its sentences that the passages they cite support (lexeme-overlap-1).';
comment on column serving.answers.removed_citations is 'Citations of passages that were not given, taken out of it.';
comment on column serving.answers.seconds is 'From question to end.';
comment on column serving.answers.generator is 'extractive, anthropic or openai.';
comment on column serving.answers.text is 'What was sent, without personal data.';
