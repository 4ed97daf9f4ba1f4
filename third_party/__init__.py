"""Other people's apps: their whole migration history, run through the backend."""
