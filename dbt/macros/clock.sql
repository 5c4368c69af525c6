{#- What time it is: now, unless a session says otherwise (`set regesta.now`), as a test of a deadline does. -#}
{% macro clock() -%}
    coalesce(nullif(current_setting('regesta.now', true), '')::timestamptz, now())
{%- endmacro %}
