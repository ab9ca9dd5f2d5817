"""Colour science: sRGB and Lab, luma and chroma, ab bins and how a distribution becomes a colour."""
