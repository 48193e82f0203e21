"""HTTP on the socket: uvicorn, with bounds that its settings do not offer."""
