/// Floats on the heap with a fixed address, freed with their owner.
package final class FloatStorage {
    package let buffer: UnsafeMutableBufferPointer<Float>

    package init(count: Int, repeating value: Float = 0) {
        buffer = .allocate(capacity: count)
        buffer.initialize(repeating: value)
    }

    deinit { buffer.deallocate() }
}
