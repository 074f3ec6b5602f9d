"""The identity capability: whose face it is, and whether it still is."""
