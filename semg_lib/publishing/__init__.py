"""What only the making of the book needs."""
