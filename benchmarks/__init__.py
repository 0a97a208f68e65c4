"""How fast the proxy is, beside its peers, in one run: `python -m benchmarks` from the root of the repository.

Nothing in here passes or fails by the clock; it prints what it measured. What is asked is in `calls`, who is asked in
`relays`, how it is measured in `rounds`, `wrk` and `paced`, and what is made of it in `table`.
"""
