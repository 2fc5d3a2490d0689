"""The program of every stack: `pulumi up --stack dev`."""

import os
import signal

from components.deployment import COMPONENTS, Deployment
from components.stack_file import load_settings

INTERRUPTED = 130

# The engine interrupts the program when a resource fails; Python's traceback of that would bury the error.
signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))

Deployment(load_settings(COMPONENTS)).export()
