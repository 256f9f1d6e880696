"""What is done from time to time; one chore a file."""
