"""Settings, URLs and entry points of the sample site."""
