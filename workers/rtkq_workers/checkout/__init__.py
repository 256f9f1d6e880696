"""What lies in a checkout, and what of it belongs to the project."""
