"""A card in another room: keys, the encrypted line to another computer's daemon, and work done there."""
