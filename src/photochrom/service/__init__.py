"""The service: a page for people and HTTP for programs, over the same functions as the command.

The server process takes requests, keeps files and waits; it loads no decoder and no network. These
run in worker processes (`pool.py`, `studio.py`), which a hostile file may hang or crash.
"""
