"""What the peers need to stand where we stand: a configuration each, or a small program. `relays` fills in `$NAME`."""
