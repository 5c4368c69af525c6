{#-
  dbt's own macro reads information_schema, where every array is ARRAY and every vector USER-DEFINED, so that
  unit tests on such a table do not compile. format_type() gives the type as it is written in DDL.
-#}
{% macro postgres__get_columns_in_relation(relation) -%}
    {% call statement('get_columns_in_relation', fetch_result=True) %}
        select
            attributes.attname as column_name,
            format_type(attributes.atttypid, null) as data_type,
            null::integer as character_maximum_length,
            null::integer as numeric_precision,
            null::integer as numeric_scale
        from pg_catalog.pg_attribute as attributes
        inner join pg_catalog.pg_class as relations on attributes.attrelid = relations.oid
        inner join pg_catalog.pg_namespace as schemas on relations.relnamespace = schemas.oid
        where
            relations.relname = '{{ relation.identifier }}'
            {% if relation.schema %}
                and schemas.nspname = '{{ relation.schema }}'
            {% endif %}
            and attributes.attnum > 0
            and not attributes.attisdropped
        order by attributes.attnum
    {% endcall %}
    {{ return(sql_convert_columns_in_relation(load_result('get_columns_in_relation').table)) }}
{%- endmacro %}
