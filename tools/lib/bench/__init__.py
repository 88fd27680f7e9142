"""The parts of tools/measure/bench.

`run` puts them together; `groups` holds the rows, `peers` what runs in the peers' environment.
"""
