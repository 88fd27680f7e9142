internal import COneDNN

/// Forward and backward of each kind of layer, side by side.
extension TrainingPlan {
    mutating func convolved(
        _ index: Int, _ unit: ConvolutionUnit, _ source: Int, to blocked: MemoryDescription, channels: Int,
        cells: Int, relu: Bool, addend: Int?
    ) throws(NetworkError) -> Int {
        let (engine, type) = (engine, type)
        let plan = try Self.best(values[source].description, blocked) {
            (source, destination) throws(NetworkError) in
            try Convolution3D.forwardTraining(
                unit.shape, source: source, destination: destination, type: type, engine: engine)
        }
        let x: Int
        let kernelSource: Int
        if let kept = try own(unit, source, isBackward: false) {
            (kernelSource, x) = kept
        } else {
            kernelSource = try reordered(source, to: plan.source)
            let weights = try weights(unit, in: plan.weights)
            let result = add(plan.destination)
            try emit(
                plan.description,
                [
                    argument(DNNL_ARG_SRC, kernelSource), argument(DNNL_ARG_WEIGHTS, weights),
                    argument(DNNL_ARG_DST, result),
                ])
            x = try reordered(result, to: blocked)
        }
        let padded = TrainingNorm.paddedChannels(channels, block: Self.block)
        let norm = Norm(
            name: unit.normName, channels: channels, shape: blockedShape(channels: channels, cells: cells),
            relu: relu, x: x, y: add(blocked), addend: addend,
            saved: arena.add(byteCount: 2 * 4 * padded, first: time))
        norms.append(norm)
        emit(.normForward(norms.count - 1))
        units[index] = Unit(plan: plan, source: kernelSource, norm: norms.count - 1)
        return norm.y
    }

    /// The convolution, or the gradient by its input from that by its output, by a kernel of this package where that is
    /// faster: what it reads and what it makes.
    private mutating func own(
        _ unit: ConvolutionUnit, _ source: Int, isBackward: Bool
    ) throws(NetworkError) -> (source: Int, result: Int)? {
        var shape = unit.shape
        if isBackward { swap(&shape.inputChannels, &shape.outputChannels) }
        let isPlain = shape.stride == Extent3D(1, 1, 1)
        // Backward, what a stride left out would be filtered with zeros between.
        guard isPlain || usesTiles && !isBackward else { return nil }
        guard let plan = try ownPlan(shape, source) else { return nil }
        let kernelSource = try reordered(source, to: plan.source)
        let result = add(plan.destination)
        emit(
            .own(
                plan, unit.weightName, isBackward: isBackward, source: kernelSource, into: result,
                weights: arena.add(byteCount: plan.weightBytes, first: time),
                scratch: arena.add(byteCount: plan.scratchBytes, first: time)))
        return (kernelSource, result)
    }

    private func ownPlan(
        _ shape: ConvolutionShape, _ source: Int
    ) throws(NetworkError) -> (any OwnConvolution)? {
        let plan = try OwnConvolutions.plan(
            shape, batch: batch, extent: extent(of: source), type: type, threads: threads)
        // Tiles are for channels-last arrays, as all are or none.
        return plan is TileConvolution && !usesTiles ? nil : plan
    }

    private func extent(of value: Int) -> Extent3D {
        let extents = values[value].description.extents
        return Extent3D(extents[2], extents[3], extents[4])
    }

    /// Returns dx; with `keepsMasked`, the first part becomes the gradient behind the ReLU.
    mutating func normalizedBackward(
        _ index: Int, _ parts: inout [Int], keepsMasked: Bool
    ) throws(NetworkError) -> Int {
        guard let unit = units[index] else { preconditionFailure("backward without forward") }
        let dx: Int
        if !keepsMasked {
            dx = parts[0]
        } else if parts.count == 2 {
            dx = parts[1]
        } else {
            dx = add(values[parts[0]].description)
        }
        emit(.normBackward(unit.norm, gradients: parts, masked: keepsMasked ? parts[0] : nil, into: dx))
        return dx
    }

    mutating func convolvedBackward(
        _ index: Int, _ unit: ConvolutionUnit, _ dx: Int, needsInput: Bool
    ) throws(NetworkError) -> Int? {
        guard let kept = units[index] else { preconditionFailure("backward without forward") }
        let (engine, type) = (engine, type)
        let source = values[kept.source].description
        let given = values[dx].description
        var inputGradient: Int?
        if needsInput, let (_, gradient) = try own(unit, dx, isBackward: true) {
            inputGradient = gradient
        } else if needsInput {
            let blocked = try MemoryDescription(
                shape: [batch, unit.shape.inputChannels] + source.extents.dropFirst(2), type: type,
                tag: layout)
            let plan = try Self.best(blocked, given) { (source, destination) throws(NetworkError) in
                try Convolution3D.backwardData(
                    unit.shape, source: source, destination: destination, type: type,
                    forward: kept.plan.description, engine: engine)
            }
            let gradient = try reordered(dx, to: plan.destination)
            let weights = try weights(unit, in: plan.weights)
            let result = add(plan.source)
            try emit(
                plan.description,
                [
                    argument(DNNL_ARG_DIFF_DST, gradient), argument(DNNL_ARG_WEIGHTS, weights),
                    argument(DNNL_ARG_DIFF_SRC, result),
                ])
            inputGradient = try reordered(result, to: blocked)
        }
        try weightGradient(unit, kept.source, forward: kept.plan.description, dx)
        return inputGradient
    }

    /// Adds dW, from the convolution's input and the gradient of its output, to the parameter's gradient.
    mutating func weightGradient(
        _ unit: ConvolutionUnit, _ source: Int, forward: PrimitiveDescription, _ dx: Int
    ) throws(NetworkError) {
        if usesForwardKernels, usesTiles || unit.shape.stride == Extent3D(1, 1, 1),
            let plan = try ownPlan(unit.shape, source)
        {
            emit(
                .ownGradient(
                    plan, unit.weightName, source: try reordered(source, to: plan.source),
                    gradient: try reordered(dx, to: plan.destination),
                    scratch: arena.add(byteCount: plan.gradientScratchBytes, first: time)))
            return
        }
        let (engine, type) = (engine, type)
        let plain = try MemoryDescription(shape: unit.shape.weightShape, type: dnnl_f32, tag: dnnl_oidhw)
        let total = Argument(number: DNNL_ARG_TO, operand: .gradient(unit.weightName), description: plain)
        if usesForwardKernels,
            let plan = try Convolution3D.backwardWeightsByForward(
                unit.shape, batch: batch, input: extent(of: source), type: type,
                layout: layout, engine: engine)
        {
            let swappedSource = add(plan.source)
            try emitReorder(try swapped(DNNL_ARG_FROM, source), argument(DNNL_ARG_TO, swappedSource))
            let swappedGradient = add(plan.weights)
            try emitReorder(try swapped(DNNL_ARG_FROM, dx), argument(DNNL_ARG_TO, swappedGradient))
            let result = add(plan.destination)
            try emit(
                plan.description,
                [
                    argument(DNNL_ARG_SRC, swappedSource), argument(DNNL_ARG_WEIGHTS, swappedGradient),
                    argument(DNNL_ARG_DST, result),
                ])
            try emitReorder(try swapped(DNNL_ARG_FROM, result), total, adding: true)
            return
        }
        let plan = try Self.best(values[source].description, values[dx].description) {
            (source, destination) throws(NetworkError) in
            try Convolution3D.backwardWeights(
                unit.shape, source: source, destination: destination, forward: forward, engine: engine)
        }
        let gradient = try reordered(dx, to: plan.destination)
        let kernelSource = try reordered(source, to: plan.source)
        let result = add(plan.weights)
        try emit(
            plan.description,
            [
                argument(DNNL_ARG_SRC, kernelSource), argument(DNNL_ARG_DIFF_DST, gradient),
                argument(DNNL_ARG_DIFF_WEIGHTS, result),
            ])
        try emitReorder(argument(DNNL_ARG_FROM, result), total, adding: true)
    }

    mutating func pooled(
        _ index: Int, _ pool: PoolingShape, _ source: Int, input: Extent3D, to blocked: MemoryDescription
    ) throws(NetworkError) -> Int {
        let plan = try MaxPooling3D.training(
            pool, source: values[source].description, input: input, destination: blocked, engine: engine)
        let result = add(blocked)
        let workspace = add(plan.workspace)
        poolings[index] = Pooling(plan: plan, workspace: workspace)
        try emit(
            plan.forward,
            [
                argument(DNNL_ARG_SRC, source), argument(DNNL_ARG_DST, result),
                argument(DNNL_ARG_WORKSPACE, workspace),
            ])
        return result
    }

    mutating func pooledBackward(
        _ index: Int, _ gradient: Int, _ source: MemoryDescription
    ) throws(NetworkError) -> Int {
        guard let kept = poolings[index] else { preconditionFailure("backward without forward") }
        let result = add(source)
        try emit(
            kept.plan.backward,
            [
                argument(DNNL_ARG_DIFF_DST, gradient), argument(DNNL_ARG_WORKSPACE, kept.workspace),
                argument(DNNL_ARG_DIFF_SRC, result),
            ])
        return result
    }

    /// The weights in a kernel's layout and number format.
    mutating func weights(
        _ unit: ConvolutionUnit, in layout: MemoryDescription
    ) throws(NetworkError) -> Int {
        let plain = try MemoryDescription(shape: unit.shape.weightShape, type: dnnl_f32, tag: dnnl_oidhw)
        let result = add(layout)
        try emitReorder(
            Argument(number: DNNL_ARG_FROM, operand: .parameter(unit.weightName), description: plain),
            argument(DNNL_ARG_TO, result))
        return result
    }

    /// The kernel for the layouts at hand if there is a fast one, else by oneDNN's own choice of layouts.
    private static func best(
        _ source: MemoryDescription, _ destination: MemoryDescription,
        _ make: (MemoryDescription, MemoryDescription) throws(NetworkError) -> Convolution3D.Plan
    ) throws(NetworkError) -> Convolution3D.Plan {
        try Convolution3D.best(
            [(source, destination), (try source.withAnyLayout(), try destination.withAnyLayout())], make)
    }
}
