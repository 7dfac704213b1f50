"""The law of the register, one module a service: a rule, then a table of examples."""
