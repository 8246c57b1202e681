"""The embedded default: a server without a model, which draws from words and edits pictures."""

from .serve import running, serve
from .server import MODEL, handle

__all__ = ["MODEL", "handle", "running", "serve"]
