import Base

/// How a stored picture is turned for display, as a display matrix says: at most a transposition, then mirrors.
struct Orientation: Equatable {
    var isTransposed = false
    /// Mirrored left to right, after the transposition.
    var mirrorsX = false
    /// Mirrored top to bottom, after the transposition.
    var mirrorsY = false

    /// From the nine numbers of a display matrix, [a b u; c d v; x y w], which takes a stored pixel (p, q) to
    /// (a·p + c·q + x, b·p + d·q + y). Other angles are rounded to the nearest quarter turn.
    init(matrix: UnsafePointer<Int32>?) {
        guard let matrix else { return }
        let (a, b, c, d) = (Int64(matrix[0]), Int64(matrix[1]), Int64(matrix[3]), Int64(matrix[4]))
        isTransposed = abs(b) + abs(c) > abs(a) + abs(d)
        mirrorsX = (isTransposed ? c : a) < 0
        mirrorsY = (isTransposed ? b : d) < 0
    }

    /// The same, and then turned clockwise by 90° so many times.
    func turned(quarters: Int) -> Orientation {
        var turned = self
        for _ in 0..<quarters {
            turned.isTransposed.toggle()
            (turned.mirrorsX, turned.mirrorsY) = (!turned.mirrorsY, turned.mirrorsX)
        }
        return turned
    }

    /// Where a part of the picture that is shown lies in the stored one.
    func stored(_ region: PictureRegion) -> PictureRegion {
        var stored = region
        if mirrorsX { stored.x = 1 - stored.x - stored.width }
        if mirrorsY { stored.y = 1 - stored.y - stored.height }
        guard isTransposed else { return stored }
        return PictureRegion(x: stored.y, y: stored.x, width: stored.height, height: stored.width)
    }

    /// Copies the window of a scaled picture that is shown, turned, to `output` (RGB, width × height × 3).
    ///
    /// `displayed` is the size of the whole picture after turning; (left, top) is the window's corner there.
    /// Where a fourth channel is given, it is the opacity before black.
    func copy(
        _ input: UnsafePointer<UInt8>, rowBytes: Int, channels: Int, displayed: (width: Int, height: Int),
        left: Int, top: Int, width: Int, height: Int, to output: UnsafeMutablePointer<UInt8>
    ) {
        // Byte steps in the input for one step right and one step down in the output.
        let lastX = displayed.width - 1
        let lastY = displayed.height - 1
        let stepX = (isTransposed ? rowBytes : channels) * (mirrorsX ? -1 : 1)
        let stepY = (isTransposed ? channels : rowBytes) * (mirrorsY ? -1 : 1)
        let originX = (mirrorsX ? left - lastX : left) * stepX
        let originY = (mirrorsY ? top - lastY : top) * stepY
        var target = output
        for y in 0..<height {
            var source = input + (originX + originY + y * stepY)
            if channels == 3, stepX == 3 {
                target.update(from: source, count: 3 * width)
                target += 3 * width
                continue
            }
            for _ in 0..<width {
                if channels == 3 {
                    target[0] = source[0]
                    target[1] = source[1]
                    target[2] = source[2]
                } else {
                    let opacity = UInt32(source[3])
                    for channel in 0..<3 {
                        target[channel] = UInt8((UInt32(source[channel]) * opacity + 127) / 255)
                    }
                }
                target += 3
                source += stepX
            }
        }
    }
}
