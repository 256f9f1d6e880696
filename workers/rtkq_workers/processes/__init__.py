"""The processes themselves: how they live, show that they do, and end."""
