"""The scripts that prepare things for the other tests."""
