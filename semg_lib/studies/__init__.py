"""What lies across papers: protocols, the comparison of all methods, data quality."""
