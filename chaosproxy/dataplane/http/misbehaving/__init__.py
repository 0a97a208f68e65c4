"""What becomes of a call that a fault strikes: what is sent, in which pieces, when, and how it ends."""
