{# gross: the end of the contract that the pair was matched on, and of no other. #}
{% macro counts_gross(definition) %}spell_ends.spell_id = members.spell_id{% endmacro %}
