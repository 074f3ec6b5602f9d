"""Turns further than a warp can show: a reenactment network draws the head, the source lends it its pixels."""
