-- corpus: a model change is one UPDATE that retires one row and serves another.
-- A handful of rows: checking them holds nobody up. The dropped index is replaced by the same rule, which a
-- deferrable constraint checks after the statement instead of after each of its rows.
-- squawk-ignore-file ban-drop-index, require-concurrent-index-deletion, constraint-missing-not-valid
set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop index corpus.embedding_models_one_serving;
alter table corpus.embedding_models
add constraint embedding_models_one_serving
exclude using btree (state with =) where (state = 'serving') deferrable initially immediate;
comment on constraint embedding_models_one_serving on corpus.embedding_models is
'Exactly one model is serving; checked when a statement ends, so that one UPDATE can switch.';
comment on column corpus.embedding_models.approved_by is
'Who let it serve; set on a building model, it tells the API to load it ahead of the switch.';

-- Which model serves is ingestion's to say; which models there are stays with the owner's functions.
grant update (state, approved_by, served_until) on corpus.embedding_models to regesta_ingestion;
