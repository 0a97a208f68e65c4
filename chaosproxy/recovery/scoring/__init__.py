"""What a run comes to: counts, rates with their intervals, a control arm, and the verdict on what was expected."""
