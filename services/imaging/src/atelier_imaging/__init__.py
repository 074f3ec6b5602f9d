"""Portrait imaging: decoding, colour, face analysis, masks, compositing, measures."""
