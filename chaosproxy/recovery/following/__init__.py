"""From calls to operations, from failures to episodes, and how each episode ended and why that was right or wrong."""
