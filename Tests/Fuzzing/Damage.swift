/// Damage to a file as an input describes it: five bytes an act, so that small inputs say much about large files.
///
/// An act is a kind and a place (three bytes, over the file's size), and one byte more: 0 flips that byte's bits, 1 puts the
/// byte there, 2 cuts the file at the place, 3 fills so many bytes from there on with the byte.
enum Damage {
    static func apply(_ input: inout ByteSource, to bytes: inout [UInt8]) {
        var acts = 0
        while !input.isEmpty, acts < 32, !bytes.isEmpty {
            acts += 1
            let kind = input.byte() % 4
            let place = input.number(bytes: 3) % bytes.count
            let value = input.byte()
            switch kind {
            case 0: bytes[place] ^= value
            case 1: bytes[place] = value
            case 2: bytes.removeLast(bytes.count - place)
            default: for i in place..<min(bytes.count, place + Int(value)) { bytes[i] = value }
            }
        }
    }

    /// Puts a number there, byte by byte.
    static func put(_ number: UInt32, at place: Int) -> [UInt8] {
        (0..<4).flatMap { act(1, at: place + $0, UInt8(truncatingIfNeeded: number >> (8 * UInt32($0)))) }
    }

    /// One act, for seeds.
    static func act(_ kind: UInt8, at place: Int, _ value: UInt8) -> [UInt8] {
        [kind, UInt8(place >> 16 & 255), UInt8(place >> 8 & 255), UInt8(place & 255), value]
    }
}
