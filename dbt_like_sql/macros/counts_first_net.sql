{# first_net: the end of the contract that the pair was matched on, unless another one follows. #}
{% macro counts_first_net(definition) %}(spell_ends.spell_id = members.spell_id and spell_ends.is_unfollowed_{{ definition.window_days }}){% endmacro %}
