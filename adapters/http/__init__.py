"""HTTP: commands, queries, the feed and the meters; JSON only, and no rule of law."""
