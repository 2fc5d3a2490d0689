"""The program of every stack: `pulumi up --stack dev`."""

from components.deployment import COMPONENTS, Deployment
from components.stack_file import load_settings

Deployment(load_settings(COMPONENTS)).export()
