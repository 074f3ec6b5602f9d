"""TensorRT engines of the catalogue's models, from the graph to what Triton is given.

graph (float32) ── precision, audit ──> graph at its precision ── builder ──> plan + engine.json ── admit ──> Triton
"""
