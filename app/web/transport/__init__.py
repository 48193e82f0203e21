"""HTTP on the socket: uvicorn, with limits that its settings do not offer."""
