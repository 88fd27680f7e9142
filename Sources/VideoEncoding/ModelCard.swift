extension ModelFactory {
    /// The README of an untrained model.
    static func card(_ configuration: ModelConfiguration, seed: UInt64) -> String {
        let plan = configuration.plan
        let geometry = configuration.geometry
        let parameters = ModelWeights.expected(configuration)
            .reduce(0) { $0 + $1.shape.reduce(1, *) }
        return """
            # \(configuration.name), untrained

            **This model has not been trained.** Its weights are a seeded random initialisation (seed \(seed)); only the
            running means and variances of its batch norms were set from data, and that data is made up: moving gradients,
            textures, bars and shapes. No video of anybody is in it.

            Such a network already maps similar pictures to similar embeddings, so it finds altered copies of a video. It
            knows nothing of what the pictures mean, and its log variance is the same number everywhere.

            | | |
            |---|---|
            | architecture | \(configuration.name) |
            | parameters | \(parameters), stored as float16 |
            | clip | \(plan.framesPerClip) frames over \(plan.clipDuration) s, one every \(plan.clipStride) s, \
            \(geometry.width)×\(geometry.height) |
            | embedding | \(configuration.dimension) dimensions: mean and log variance |

            To make it again:

                mixtape model create FOLDER --preset \(configuration.name) --seed \(seed)

            `config.json` describes the network, `model.safetensors` holds its weights.

            """
    }
}
