"""Commands below the level of services: what they share, and what no officer sends."""
