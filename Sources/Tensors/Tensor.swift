/// A dense, row-major array of float32, aligned to 64 bytes; a value that copies its memory on the first
/// write after it was shared.
public struct Tensor: Sendable {
    /// The extent of each dimension, slowest first; empty for a scalar.
    public private(set) var shape: [Int]
    private var storage: AlignedBuffer

    /// The number of elements: the product of `shape`.
    public let count: Int

    /// All zeros.
    public init(shape: [Int]) {
        self.shape = shape
        count = Tensor.elementCount(of: shape)
        storage = AlignedBuffer(byteCount: count * MemoryLayout<Float>.stride)
    }

    /// Takes `values` in row-major order; there must be as many as the shape says.
    public init(shape: [Int], values: [Float]) {
        self.init(shape: shape)
        precondition(values.count == count, "\(values.count) values for shape \(shape)")
        withUnsafeMutableValues { destination in
            _ = destination.update(fromContentsOf: values)
        }
    }

    /// Fills new memory by `body`, which gets zeros.
    public init<Failure>(
        shape: [Int], filledBy body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        self.init(shape: shape)
        try withUnsafeMutableValues(body)
    }

    /// The elements in row-major order.
    public var values: [Float] { withUnsafeValues { Array($0) } }

    /// Reads the elements in row-major order; the pointer is valid inside `body` only.
    public func withUnsafeValues<Result, Failure>(
        _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let typed = storage.base.assumingMemoryBound(to: Float.self)
        let result = try body(UnsafeBufferPointer(start: typed, count: count))
        withExtendedLifetime(storage) {}
        return result
    }

    /// Reads and writes the elements in row-major order; the pointer is valid inside `body` only.
    public mutating func withUnsafeMutableValues<Result, Failure>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if !isKnownUniquelyReferenced(&storage) {
            let copy = AlignedBuffer(byteCount: storage.byteCount)
            copy.base.copyMemory(from: storage.base, byteCount: storage.byteCount)
            storage = copy
        }
        let typed = storage.base.assumingMemoryBound(to: Float.self)
        let result = try body(UnsafeMutableBufferPointer(start: typed, count: count))
        withExtendedLifetime(storage) {}
        return result
    }

    private static func elementCount(of shape: [Int]) -> Int {
        precondition(shape.allSatisfy { $0 >= 0 }, "negative extent in \(shape)")
        return shape.reduce(1, *)
    }
}
