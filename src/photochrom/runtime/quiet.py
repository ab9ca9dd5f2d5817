"""ONNX Runtime, told to keep to itself: the one place where it is imported.

Its official builds, from 1.29 on, report to Microsoft over HTTPS what they run on and which models they run, beginning
with their import (their Privacy.md). Nothing that has to do with a photograph may leave the machine, so it is switched
off before: the environment variable keeps the reporting from being set up at all, the call ends the events that
Windows collects, and those of an import that was earlier than this one.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort

ort.disable_telemetry_events()

__all__ = ["ort"]
