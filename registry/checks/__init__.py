"""Check rules: what a record must not be, at entry and in bulk (核对规则)."""
