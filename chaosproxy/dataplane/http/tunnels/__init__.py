"""CONNECT: tunnels that nobody looks into, and those at whose near end we stand for the host."""
