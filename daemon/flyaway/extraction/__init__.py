"""The work on one request: which engines it means, keeping them warm, and from pixels to alpha."""
