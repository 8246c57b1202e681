"""The floor that speaks HTTP: the client, the embedded sketch server. The only one that imports httpx."""
