"""What every test shares: a busy machine must not fail a property test on time alone."""

from hypothesis import settings

settings.register_profile("photochrom", deadline=None)
settings.load_profile("photochrom")
