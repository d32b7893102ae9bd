{#- The schema of a model is the folder it stands in, on every target. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ node.original_file_path.replace('\\', '/').split('/')[0] }}
{%- endmacro %}
