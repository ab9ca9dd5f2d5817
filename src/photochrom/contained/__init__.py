"""Work that may hang, crash or flood its process is done in one that can be spared.

`child.py` is the side that asks, `process.py` the side that answers; both know nothing of what is asked.
"""
