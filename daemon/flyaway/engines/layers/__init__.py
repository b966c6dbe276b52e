"""Building blocks that more than one family of networks is made of, under their published names."""
