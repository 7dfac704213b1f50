"""A county that lives random decades, and an auditor who predicts every answer."""
