"""`python -m tests.reactions`: as `table` says."""

from tests.reactions.table import write

write()
