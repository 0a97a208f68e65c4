"""TLS: the certificate authority that an agent trusts, and the contexts that a connection is made with.

Without a loop and without a socket: `names` (hosts as certificates can name them), `authority` (the CA and its leaf
certificates), `folder` (where a CA is kept), `bundle` (what clients must be given so that they trust it), `contexts`
(certificates and settings as `ssl` wants them).
"""
