"""Programs that run inside the throw-away conversion environment.

They import only NumPy, ONNX, tf2onnx and LiteRT, never the rest of Atelier: the environment holds nothing else.
"""
