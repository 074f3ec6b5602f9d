"""Compare all executors that are present on a machine: by speed, and by whether they answer as the graph does.

contenders (who is here, and who is not and why) ──> comparison (in turn, against the graph) ──> choice ──> model.json
"""
