"""The groups of rows, in the order of the table. Each module has TITLE, NOTE and `measure(bench)`."""

from bench.groups import decoding, encoder, growth, indexing, ranking, searching, training

GROUPS = {
    "encoder": encoder, "training": training, "decoding": decoding, "indexing": indexing, "ranking": ranking,
    "searching": searching, "growth": growth,
}
