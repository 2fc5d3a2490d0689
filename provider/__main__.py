"""The plugin that the Pulumi engine starts: `python provider <engine address>`."""

import sys

from onprem.server import main

main(sys.argv[1:])
