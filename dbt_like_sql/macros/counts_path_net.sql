{# path_net: an end followed in time is none, for the path goes on in the other contract. #}
{% macro counts_path_net(definition) %}spell_ends.is_unfollowed_{{ definition.window_days }}{% endmacro %}
