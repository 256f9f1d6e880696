"""What the commands answer, as documents: made once for the terminal, for HTTP and for MCP."""
