"""A one-shot search with FAISS: `make FILE COUNT DIMENSION` writes an index, `search FILE LIMIT` searches it once."""

import sys

import faiss
import numpy


def drawn(generator, count, dimension):
    index = faiss.IndexFlatL2(dimension)
    for start in range(0, count, 100_000):
        index.add(generator.standard_normal((min(100_000, count - start), dimension), dtype=numpy.float32))
    return index


def search(path, limit):
    index = faiss.read_index(path, faiss.IO_FLAG_MMAP_IFC)
    query = index.reconstruct(index.ntotal // 2).reshape(1, -1)
    distances, rows = index.search(query, limit)
    for distance, row in zip(distances[0], rows[0]):
        print(row, distance)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        faiss.write_index(drawn(numpy.random.default_rng(1), int(sys.argv[3]), int(sys.argv[4])), sys.argv[2])
    else:
        search(sys.argv[2], int(sys.argv[3]))
