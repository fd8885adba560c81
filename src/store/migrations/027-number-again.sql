-- A number that a chart gives again is its present one, and no former one beside it.
update statement set aliases = nullif(array_remove(aliases, ref), '{}') where ref = any(aliases);
