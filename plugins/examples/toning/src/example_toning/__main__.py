"""Run the service."""

from example_toning.server import serve

if __name__ == "__main__":
    raise SystemExit(serve())
