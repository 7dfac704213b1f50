"""The domain: what the law of household registration says, without any technology."""
