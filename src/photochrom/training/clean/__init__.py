"""Photographs of any size become training shards; what no colorizer should learn from is left out, and told."""
