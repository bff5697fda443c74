"""How fast it is, beside its peers: `make bench`."""
