"""Tools of MCP servers: approved once, pinned in `mcp.lock`, and called over one session per server."""
