"""The Pulumi program that is measured: a resource for each declared service, and nothing else."""

import json
import os
from pathlib import Path

import pulumi

for inputs in json.loads(Path(os.environ["BENCHMARK_DECLARED"]).read_text()):
    pulumi.CustomResource("onprem:index:Service", f"{inputs['host']}/{inputs['service']}", inputs)
