"""One person across sources: which rows speak of the same one."""
