"""WIRES. Where bytes come in and go out; each wire renders every effect in its own words, or says that it cannot."""
