"""Check rules over a province: records as columns, rules as a program, what they find."""
