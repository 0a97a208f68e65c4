"""JUDGEMENT. How each vendor says a failure: one data file a vendor, and the renderer that fills it in.

A dialect turns a kind of failure into a reply; it does not know which fault asked, nor how the reply is sent.
"""

from chaosproxy.dialects.builtin import builtin_names, load_builtin, parse_dialect
from chaosproxy.dialects.dialect import Dialect

__all__ = ["Dialect", "builtin_names", "load_builtin", "parse_dialect"]
