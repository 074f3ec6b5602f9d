"""What gateway and services share: errors on the wire, validation, settings, logs, artifacts."""
