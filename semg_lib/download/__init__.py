"""Getting files and trusting them."""
