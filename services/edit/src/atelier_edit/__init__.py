"""The edit capability: facial detail and light."""
