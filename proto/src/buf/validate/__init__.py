"""Validation rules of protovalidate: generated, do not edit."""
