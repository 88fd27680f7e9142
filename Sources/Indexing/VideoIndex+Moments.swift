internal import GRDB

extension VideoIndex {
    /// The moments of every ready video, in step with the database: what is in memory or in the file where it still
    /// corresponds, else made anew from the database. Every byte has been checked.
    ///
    /// - Throws: `corrupted`, `failed`, `diskFull` never: without space the table is kept in memory.
    public func moments() throws(IndexError) -> MomentsTable {
        let table = try unverifiedMoments()
        if table.verify() { return table }
        return try rebuiltMoments(insteadOf: table)
    }

    /// The same, but the rows may be damaged unless the table `isVerified`: whoever uses one asks whether it
    /// `isWhole(row:)`. Takes milliseconds for a hundred thousand videos, since most rows are never read.
    package func unverifiedMoments() throws(IndexError) -> MomentsTable {
        try translatingErrors(folder) {
            // One at a time within this process: a second caller waits and finds the first one's table.
            try currentMoments.withLock { current in
                let stamp = MomentsStamp(try reader.read { try LibraryRow($0, folder: folder) })
                if let current, current.stamp == stamp { return current }
                let table = try MomentsFile.map(folder: folder, stamp: stamp) ?? rebuildMoments()
                current = table
                return table
            }
        }
    }

    /// A table made from the database in place of one that turned out to be damaged.
    package func rebuiltMoments(insteadOf damaged: MomentsTable) throws(IndexError) -> MomentsTable {
        try translatingErrors(folder) {
            try currentMoments.withLock { current in
                if let current, current !== damaged, current.isVerified { return current }
                let table = try rebuildMoments()
                current = table
                return table
            }
        }
    }

    private func rebuildMoments() throws -> MomentsTable {
        try reader.read { db in
            let library = try LibraryRow(db, folder: folder)
            let stamp = MomentsStamp(library)
            return try MomentsFile.make(folder: folder, stamp: stamp) { base, layout in
                let rows = try Row.fetchCursor(
                    db, sql: "SELECT video, log_determinant, vectors, checksum FROM moments ORDER BY video")
                var count = 0
                while let row = try rows.next() {
                    guard count < layout.count else { count += 1; break }
                    try MomentsRow.read(row, dimension: layout.dimension, folder: folder) {
                        id, logDeterminant, vectors in
                        layout.put(
                            vectors, logDeterminant: Float(logDeterminant), id: id, row: count, base: base)
                    }
                    count += 1
                }
                guard count == layout.count else {
                    throw IndexError.corrupted(
                        folder, "it should hold the moments of \(layout.count) videos and does not")
                }
            }
        }
    }
}

extension MomentsLayout {
    /// Writes one row; `vectors` is D means and D variances, the very bytes of the file.
    fileprivate func put(
        _ vectors: UnsafeRawBufferPointer, logDeterminant: Float, id: Int64, row: Int,
        base: UnsafeMutableRawPointer
    ) {
        let width = dimension * 4
        let mean = base + MomentsLayout.headerSize + row * stride * 4
        let variance = base + variances + row * stride * 4
        mean.copyMemory(from: vectors.baseAddress!, byteCount: width)
        variance.copyMemory(from: vectors.baseAddress! + width, byteCount: width)
        for d in dimension..<stride {
            mean.storeBytes(of: 0, toByteOffset: d * 4, as: Float.self)
            variance.storeBytes(of: 1, toByteOffset: d * 4, as: Float.self)
        }
        base.storeBytes(of: logDeterminant, toByteOffset: logDeterminants + row * 4, as: Float.self)
        base.storeBytes(of: id, toByteOffset: ids + row * 8, as: Int64.self)
    }
}
