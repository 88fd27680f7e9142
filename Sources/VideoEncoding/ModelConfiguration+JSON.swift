import Base
import NeuralNetwork
import VideoDecoding

extension ModelConfiguration {
    /// Parses the text of a `config.json`; `path` is for messages.
    package init(bytes: [UInt8], path: String) throws(ModelError) {
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw ModelError(path: path, message: "not valid JSON: \(error.message) at byte \(error.offset)")
        }
        var root = try ConfigurationObject(document, key: "", path: path)
        // The format first: a newer one may have keys that mean nothing here.
        let format = try root.integer("format", in: 1...Int.max)
        guard format <= Self.format else {
            throw ModelError(
                path: path,
                message: "model format \(format); this software reads formats up to \(Self.format)",
                hint: "use a newer version of this software")
        }
        let name = try root.string("name")
        let plan = try root.object("clip", Self.readPlan)
        let (geometry, normalization) = try root.object("input", Self.readInput)
        let architecture = try root.object("backbone", Self.readBackbone)
        let (dimension, range) = try root.object("head") { (head) throws(ModelError) in
            let dimension = try head.integer("dimension", in: 2...8192)
            let range = try head.numbers("log_variance_range", count: 2, in: -30...30)
            guard range[0] < range[1] else {
                throw head.failure("log_variance_range", "is empty: \(range)")
            }
            return (dimension, range[0]...range[1])
        }
        let calibration = try ScoreCalibration(root.optional("calibration") ?? .null, path: path)
        let training = root.optional("training") ?? .object([])
        let notes = root.optional("notes")
        try root.finish()
        self.init(
            name: name, plan: plan, geometry: geometry, normalization: normalization,
            architecture: architecture,
            dimension: dimension, logVarianceRange: range, calibration: calibration,
            training: training, notes: notes)
        try checkSizes(path: path)
    }

    private static func readPlan(_ object: inout ConfigurationObject) throws(ModelError) -> ClipPlan {
        ClipPlan(
            framesPerClip: try object.integer("frames", in: 1...256),
            clipDuration: try object.number("duration", in: 0.001...3600),
            clipStride: try object.number("stride", in: 0.001...3600))
    }

    private static func readInput(
        _ object: inout ConfigurationObject
    ) throws(ModelError) -> (FrameGeometry, InputNormalization) {
        let width = try object.integer("width", in: 8...1024)
        let height = try object.integer("height", in: 8...1024)
        let fit: FrameGeometry.Fit
        switch try object.string("fit") {
        case "stretch": fit = .stretch
        case "center_crop":
            switch try object.value("resize") {
            case .array(let elements) where elements.count == 2:
                fit = .centerCrop(
                    resizeWidth: try object.integer(elements[1], "resize[1]", in: width...8192),
                    resizeHeight: try object.integer(elements[0], "resize[0]", in: height...8192))
            case let side:
                fit = .centerCrop(
                    resizeWidth: nil,
                    resizeHeight: try object.integer(side, "resize", in: max(width, height)...8192))
            }
        case let other:
            throw object.failure("fit", "is \"\(other)\"; expected \"stretch\" or \"center_crop\"")
        }
        let mean = try object.numbers("mean", count: 3, in: -10...10)
        let deviation = try object.numbers("standard_deviation", count: 3, in: 1e-3...1e3)
        let isPerClip: Bool
        switch try object.string("normalization") {
        case "fixed": isPerClip = false
        case "per_clip": isPerClip = true
        case let other:
            throw object.failure("normalization", "is \"\(other)\"; expected \"fixed\" or \"per_clip\"")
        }
        return (
            FrameGeometry(width: width, height: height, fit: fit),
            InputNormalization(mean: mean, standardDeviation: deviation, isPerClip: isPerClip)
        )
    }

    private static func readBackbone(
        _ object: inout ConfigurationObject
    ) throws(ModelError) -> ResidualArchitecture {
        let (convolutions, pool) = try object.object("stem") { (stem) throws(ModelError) in
            let convolutions = try stem.objects("convolutions", count: 1...8) { (layer) throws(ModelError) in
                ResidualArchitecture.StemConvolution(
                    channels: try layer.integer("channels", in: 1...4096),
                    kernel: try layer.extent("kernel", in: 1...15),
                    stride: try layer.extent("stride", in: 1...8),
                    padding: try layer.extent("padding", in: 0...7))
            }
            let pool = try stem.value("pool")
            return (convolutions, pool == .null ? nil : try stem.object(pool, "pool", readPool))
        }
        let stages = try object.objects("stages", count: 1...16, readStage)
        return ResidualArchitecture(stem: convolutions, pool: pool, stages: stages)
    }

    private static func readPool(_ object: inout ConfigurationObject) throws(ModelError) -> PoolingShape {
        let kernel = try object.extent("kernel", in: 1...15)
        let padding = try object.extent("padding", in: 0...7)
        // A window that lies in the padding alone would have no maximum.
        guard zip(kernel.values, padding.values).allSatisfy({ $1 <= $0 / 2 }) else {
            throw object.failure("padding", "is more than half the kernel")
        }
        return PoolingShape(
            kernel: kernel, stride: try object.extent("stride", in: 1...8), padding: padding)
    }

    private static func readStage(
        _ object: inout ConfigurationObject
    ) throws(ModelError) -> ResidualArchitecture.Stage {
        let kernel = try object.extent("kernel", in: 1...15)
        guard kernel.values.allSatisfy({ $0 % 2 == 1 }) else {
            throw object.failure("kernel", "is \(kernel.values); a stage's kernels are odd")
        }
        return ResidualArchitecture.Stage(
            blocks: try object.integer("blocks", in: 1...64),
            channels: try object.integer("channels", in: 1...4096),
            kernel: kernel, stride: try object.extent("stride", in: 1...8),
            isFactorised: try object.bool("factorised"))
    }

    /// What no single key shows: layers without input or channels, activations beyond any memory.
    private func checkSizes(path: String) throws(ModelError) {
        if let unit = architecture.units.first(where: { $0.shape.outputChannels < 1 }) {
            throw ModelError(path: path, message: "\(unit.weightName) would have no channels")
        }
        guard let shapes = architecture.valueShapes(input: inputExtent) else {
            throw ModelError(
                path: path,
                message:
                    "an input of \(inputExtent.values) (time, height, width) is too small for the backbone")
        }
        // 2³⁰ elements: 4 GiB in float32.
        if let large = shapes.first(where: { $0.channels * $0.extent.product > 1 << 30 }) {
            throw ModelError(
                path: path, message: "a layer of \(large.channels) × \(large.extent.values) is too large")
        }
    }
}

extension ModelConfiguration {
    /// The text of `config.json`.
    package var text: String {
        var members: [JSONValue.Member] = [
            .init("format", .number(Self.format)), .init("name", .string(name)),
        ]
        members += encoderMembers
        members += [.init("calibration", calibration?.value ?? .null), .init("training", training)]
        if let notes { members.append(.init("notes", notes)) }
        return JSONValue.object(members).text(indent: true) + "\n"
    }

    /// What decides the embeddings beside the weights; the name, notes and calibration do not. In one canonical
    /// form, whatever the order and spacing in the file.
    package var canonicalText: String { JSONValue.object(encoderMembers).text() }

    private var encoderMembers: [JSONValue.Member] {
        var input: [JSONValue.Member] = [
            .init("width", .number(geometry.width)), .init("height", .number(geometry.height)),
        ]
        switch geometry.fit {
        case .stretch: input.append(.init("fit", .string("stretch")))
        case .centerCrop(let width, let height):
            input.append(.init("fit", .string("center_crop")))
            let resize = width.map { JSONValue.array([.number(height), .number($0)]) } ?? .number(height)
            input.append(.init("resize", resize))
        }
        input += [
            .init("mean", .array(normalization.mean.map { .number($0) })),
            .init("standard_deviation", .array(normalization.standardDeviation.map { .number($0) })),
            .init("normalization", .string(normalization.isPerClip ? "per_clip" : "fixed")),
        ]
        func extent(_ name: String, _ extent: Extent3D) -> JSONValue.Member {
            .init(name, .array(extent.values.map { .number($0) }))
        }
        let convolutions = architecture.stem.map { layer in
            JSONValue.object([
                .init("channels", .number(layer.channels)), extent("kernel", layer.kernel),
                extent("stride", layer.stride), extent("padding", layer.padding),
            ])
        }
        let pool = architecture.pool.map { pool in
            JSONValue.object([
                extent("kernel", pool.kernel), extent("stride", pool.stride), extent("padding", pool.padding),
            ])
        }
        let stages = architecture.stages.map { stage in
            JSONValue.object([
                .init("blocks", .number(stage.blocks)), .init("channels", .number(stage.channels)),
                extent("kernel", stage.kernel), extent("stride", stage.stride),
                .init("factorised", .bool(stage.isFactorised)),
            ])
        }
        return [
            .init(
                "clip",
                [
                    "frames": .number(plan.framesPerClip), "duration": .number(plan.clipDuration),
                    "stride": .number(plan.clipStride),
                ]),
            .init("input", .object(input)),
            .init(
                "backbone",
                [
                    "stem": [
                        "convolutions": .array(convolutions), "pool": pool ?? .null,
                    ],
                    "stages": .array(stages),
                ]),
            .init(
                "head",
                [
                    "dimension": .number(dimension),
                    "log_variance_range": .array([
                        .number(logVarianceRange.lowerBound), .number(logVarianceRange.upperBound),
                    ]),
                ]),
        ]
    }
}
