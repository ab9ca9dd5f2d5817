"""Routes of the service, one module a subject."""
