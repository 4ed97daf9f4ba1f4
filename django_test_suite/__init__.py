"""Django's own test suite, run on the backends of this package."""
