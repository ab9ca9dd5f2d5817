"""Many photographs at once: taken in from files and zips, coloured one after the other, given back as a zip.

A batch outlives the server. What is known of it stands in a database (`store`), its files in the
work folder; whatever moment the server ends at, the next one goes on from there.
"""
