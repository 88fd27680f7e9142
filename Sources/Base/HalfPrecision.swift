/// Conversions between float32 and the two 16-bit formats, as bit patterns, rounding to nearest even.
///
/// Branch-free bit operations rather than `Float16`: without `-march` the compiler calls a library routine for
/// each `Float16`, and these loops it vectorises.
public enum HalfPrecision {
    /// IEEE 754 binary16 → float32; exact.
    @inlinable public static func float32(fromFloat16 bits: UInt16) -> Float {
        let magnitude = UInt32(bits & 0x7FFF)
        // The exponent is moved by a multiplication (2¹¹²), which makes subnormals right as well.
        let scaled = Float(bitPattern: magnitude << 13) * Float(bitPattern: 0x7780_0000)
        let special: UInt32 = magnitude >= 0x7C00 ? 0x7F80_0000 : 0
        return Float(bitPattern: scaled.bitPattern | special | UInt32(bits & 0x8000) << 16)
    }

    /// float32 → IEEE 754 binary16; beyond ±65504 (after rounding) infinite; NaN stays NaN.
    @inlinable public static func float16(from value: Float) -> UInt16 {
        let bits = value.bitPattern
        let magnitude = bits & 0x7FFF_FFFF
        let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        // Subnormal results: the addition itself rounds at the right place.
        let small = (Float(bitPattern: magnitude) + 0.5).bitPattern &- Float(0.5).bitPattern
        let normal = (magnitude &+ 0xC800_0FFF &+ (magnitude >> 13 & 1)) >> 13
        let huge: UInt32 = magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00
        let result = magnitude >= 0x4780_0000 ? huge : (magnitude < 0x3880_0000 ? small : normal)
        return UInt16(truncatingIfNeeded: result) | sign
    }

    /// bfloat16 → float32; exact.
    @inlinable public static func float32(fromBFloat16 bits: UInt16) -> Float {
        Float(bitPattern: UInt32(bits) << 16)
    }

    /// float32 → bfloat16; NaN stays NaN.
    @inlinable public static func bfloat16(from value: Float) -> UInt16 {
        let bits = value.bitPattern
        let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
        let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
        return UInt16(truncatingIfNeeded: isNaN ? (bits >> 16 | 0x40) : rounded)
    }

    /// What is left of `value` after a round trip through binary16.
    @inlinable public static func roundedToFloat16(_ value: Float) -> Float {
        float32(fromFloat16: float16(from: value))
    }

    /// Converts element by element; both buffers have the same count.
    public static func convert(
        float16 source: UnsafeBufferPointer<UInt16>, to destination: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(source.count == destination.count)
        for i in 0..<source.count { destination[i] = float32(fromFloat16: source[i]) }
    }

    /// Converts element by element; both buffers have the same count.
    public static func convert(
        _ source: UnsafeBufferPointer<Float>, toFloat16 destination: UnsafeMutableBufferPointer<UInt16>
    ) {
        precondition(source.count == destination.count)
        for i in 0..<source.count { destination[i] = float16(from: source[i]) }
    }

    /// Converts element by element; both buffers have the same count.
    public static func convert(
        bfloat16 source: UnsafeBufferPointer<UInt16>, to destination: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(source.count == destination.count)
        for i in 0..<source.count { destination[i] = float32(fromBFloat16: source[i]) }
    }

    /// Converts element by element; both buffers have the same count.
    public static func convert(
        _ source: UnsafeBufferPointer<Float>, toBFloat16 destination: UnsafeMutableBufferPointer<UInt16>
    ) {
        precondition(source.count == destination.count)
        for i in 0..<source.count { destination[i] = bfloat16(from: source[i]) }
    }
}
