"""What is printed: the sitting report."""
