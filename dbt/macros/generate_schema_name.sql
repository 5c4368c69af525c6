{#- A model lives in the schema its folder names, without dbt's default prefix: one owner per schema. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
