"""What is asked of the past, one question a file."""
