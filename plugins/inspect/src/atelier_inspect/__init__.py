"""A critic of portraits: what looks real about a face, what does not, and how a photographer would say it."""
