"""Files in, files out: decoding, encoding, metadata, depth and profiles, for every format that is read.

photo = photochrom.photo.open("family.jpg")
photo.working_luma((256, 320))            # what a network sees
photo.colored(ab, luma01, record=Record(...)).save("family-colour.jpg")
"""

from photochrom.photo.mark import Record, read_original, read_record
from photochrom.photo.notices import PhotoWarning, collect_warnings, warn
from photochrom.photo.opening import MAX_PIXELS, is_marked, open, open_pages, pages
from photochrom.photo.photo import Photo
from photochrom.photo.saving import save_pages

__all__ = [
    "MAX_PIXELS",
    "Photo",
    "PhotoWarning",
    "Record",
    "collect_warnings",
    "is_marked",
    "open",
    "open_pages",
    "pages",
    "read_original",
    "read_record",
    "save_pages",
    "warn",
]
